// A servlet container that answers which resource it read, for t/differential.t.
// Arguments: a directory to work in, the base path, then one "METHOD template operationId" each.

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

public class Reader extends HttpServlet {

    record Operation(String method, Pattern path, String id) {}

    private final String base;
    private final List<Operation> operations = new ArrayList<>();

    Reader(String[] args) {
        base = args[1];
        for (int i = 2; i < args.length; i++) {
            String[] row = args[i].split(" ");
            List<String> literals = new ArrayList<>();
            for (String literal : row[1].split("\\{[^}]*\\}", -1)) {
                literals.add(Pattern.quote(literal));
            }
            Pattern path = Pattern.compile(String.join("[^/]+", literals));
            operations.add(new Operation(row[0], path, row[2]));
        }
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        String[] tenants = request.getParameterValues("tenant");
        request.getInputStream().readAllBytes();
        String method = request.getMethod();
        String raw = request.getRequestURI();
        String path = request.getServletPath()
                + (request.getPathInfo() == null ? "" : request.getPathInfo());

        Map<String, String> answer = new LinkedHashMap<>();
        answer.put("case", request.getHeader("X-Case"));
        answer.put("decided", request.getHeader("X-EIAM-Operation"));
        answer.put("application", request.getHeader("X-EIAM-Application"));
        answer.put("method", method);
        answer.put("raw", raw);
        answer.put("resource", path);
        answer.put("tenants", tenants == null ? null : String.join("\n", tenants));
        answer.put("exact", operation(method, path));
        answer.put("relaxed", relaxed(method, path));
        answer.put("spring", relaxed(method, merged(decoded(cut(raw)))));
        answer.put("lenient", relaxed(method, lenient(raw, false)));
        answer.put("lenient_cut_first", relaxed(method, lenient(raw, true)));

        response.setContentType("application/json");
        response.getOutputStream().write(json(answer).getBytes(StandardCharsets.US_ASCII));
    }

    // The operation that an application with exact mappings serves: its id, "unlisted"
    // for another path under the base, "" for a path that is none of the API's.
    private String operation(String method, String path) {
        for (Operation o : operations) {
            if (o.method.equals(method) && o.path.matcher(path).matches()) {
                return o.id;
            }
        }
        return path.startsWith(base + "/") ? "unlisted" : "";
    }

    // The same where case, a trailing slash and a suffix are ignored.
    private String relaxed(String method, String path) {
        String lower = path.toLowerCase(java.util.Locale.ROOT).replaceAll("/+$", "");
        String found = operation(method, lower);
        return found.equals("unlisted")
                ? operation(method, lower.replaceAll("\\.[^/.]*$", "")) : found;
    }

    private static String cut(String path) {
        return path.replaceAll(";[^/]*", "");
    }

    private static String merged(String path) {
        return path.replaceAll("/{2,}", "/");
    }

    // Percent-decoding that leaves what is not an encoded byte as it is.
    private static String decoded(String path) {
        return Pattern.compile("%([0-9a-fA-F]{2})").matcher(path).replaceAll(m ->
                java.util.regex.Matcher.quoteReplacement(
                        String.valueOf((char) Integer.parseInt(m.group(1), 16))));
    }

    private static String lenient(String raw, boolean cutFirst) {
        String path = raw;
        for (String last = null; !path.equals(last); ) {
            last = path;
            path = decoded(cutFirst ? cut(path) : path);
        }
        return resolved(cut(path.replace('\\', '/')));
    }

    private static String resolved(String path) {
        ArrayDeque<String> segments = new ArrayDeque<>();
        for (String segment : path.split("/")) {
            if (segment.equals("..")) {
                segments.pollLast();
            } else if (!segment.isEmpty() && !segment.equals(".")) {
                segments.add(segment);
            }
        }
        return "/" + String.join("/", segments);
    }

    private static String json(Map<String, String> members) {
        List<String> out = new ArrayList<>();
        members.forEach((name, value) -> out.add(
                "\"" + name + "\":" + (value == null ? "null" : quoted(value))));
        return "{" + String.join(",", out) + "}";
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            boolean plain = c >= ' ' && c < 127 && c != '"' && c != '\\';
            out.append(plain ? String.valueOf(c) : String.format("\\u%04x", (int) c));
        }
        return out.append('"').toString();
    }

    // As lenient as Tomcat can be configured.
    private static Connector connector(String solidus, String charset) {
        Connector connector = new Connector();
        connector.setPort(0);
        connector.setURIEncoding(charset);
        connector.setProperty("address", InetAddress.getLoopbackAddress().getHostAddress());
        connector.setProperty("relaxedPathChars", "\"<>[\\]^`{|}");
        connector.setProperty("relaxedQueryChars", "\"<>[\\]^`{|}");
        connector.setProperty("maxKeepAliveRequests", "-1");
        connector.setProperty("maxThreads", "4");
        connector.setProperty("minSpareThreads", "2");
        connector.setAllowBackslash(true);
        connector.setRejectSuspiciousURIs(false);
        connector.setEncodedSolidusHandling(solidus);
        connector.setEncodedReverseSolidusHandling(solidus);
        return connector;
    }

    public static void main(String[] args) throws Exception {
        java.util.logging.LogManager.getLogManager().reset();
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(args[0]);
        Connector decode = connector("decode", "UTF-8");
        Connector passthrough = connector("passthrough", "ISO-8859-1");
        tomcat.setConnector(decode);
        tomcat.getService().addConnector(passthrough);

        Context context = tomcat.addContext("", null);
        Tomcat.addServlet(context, "reader", new Reader(args)).addMapping("/*");
        tomcat.start();

        System.out.println("ready " + decode.getLocalPort() + " " + passthrough.getLocalPort());
        System.in.read();
        tomcat.stop();
        tomcat.destroy();
    }
}
