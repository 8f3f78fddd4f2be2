// Of each OpenAPI document named, what security depends on, as one line of JSON: the rest is dropped.
// YAML is read by a package that lies beside the documents.
'use strict';

const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

const only = (object, names) => Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));

const pathItem = (item) => Object.fromEntries(Object.entries(only(item, ['$ref', 'servers', ...methods])).map(
    ([name, value]) => [name, methods.includes(name) ? only(value, ['operationId', 'security', 'servers']) : value]));

for (const file of process.argv.slice(2)) {
    const text = readFileSync(file, 'utf8');
    const document = /\.ya?ml$/.test(file) ? createRequire(process.env.MODULES + '/')('js-yaml').load(text) : JSON.parse(text);
    console.log(JSON.stringify({
        ...only(document, ['openapi', 'servers', 'security']),
        schemes: document.components?.securitySchemes ?? {},
        paths: Object.fromEntries(Object.entries(document.paths ?? {}).filter(([path]) => !path.startsWith('x-'))
            .map(([path, item]) => [path, pathItem(item)])),
    }));
}
