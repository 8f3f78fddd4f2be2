// Express' own routing, for t/differential.t: answers which of the operations it read.
// Arguments: the package and the operations, as JSON: [ [ method, template, operationId ], ... ].

'use strict';

const express = require(process.argv[2]);
const app = express();

// "/a@b/{id}:go" is "/a\@b/:id\:go" there.
function path(template) {
    return template.replace(/\{(\w+)\}|[^\w/-]/g, (all, name) => name ? `:${name}` : `\\${all}`);
}

// URLSearchParams drops a question mark, even that of "??".
function search(request) {
    const { search } = new URL(request.originalUrl, 'http://localhost');
    return new URLSearchParams(search.slice(1)).getAll('tenant');
}

function answer(read) {
    return (request, response) => response.json({
        read, decided: request.get('X-EIAM-Operation') ?? null, parameters: request.params,
        query: request.query, search: search(request) });
}

for (const [ method, template, id ] of JSON.parse(process.argv[3])) {
    app[method.toLowerCase()](path(template), answer(id));
}
app.use(answer(''));

const server = app.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
server.keepAliveTimeout = 600000;
process.stdin.on('end', () => process.exit()).resume();
