// Java's own HTTP client, for t/upgrade.t: it offers h2c with every call that is not HTTPS.
// Arguments: "get" or "websocket", an address, and a token or the text to be echoed.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

public class Client {

    private static final int SECONDS = 30;

    record Echo(CompletableFuture<String> answer) implements WebSocket.Listener {

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
            answer.complete(text.toString());
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            answer.completeExceptionally(error);
        }
    }

    public static void main(String[] args) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        URI address = URI.create(args[1]);
        if (args[0].equals("get")) {
            HttpRequest request = HttpRequest.newBuilder(address)
                .header("Authorization", "Bearer " + args[2]).build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.version() + " " + response.body());
            return;
        }
        Echo echo = new Echo(new CompletableFuture<>());
        WebSocket socket = client.newWebSocketBuilder().buildAsync(address, echo).get(SECONDS, TimeUnit.SECONDS);
        socket.sendText(args[2], true).get(SECONDS, TimeUnit.SECONDS);
        System.out.println(echo.answer().get(SECONDS, TimeUnit.SECONDS));
        socket.abort();
    }
}
