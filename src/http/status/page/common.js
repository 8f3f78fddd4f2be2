'use strict';

const REASONS = {
    request_ambiguous: 'the request can be read in more than one way',
    method_override: 'another method is asked for in a header or in the query',
    authorization_malformed: 'the token is sent in a wrong way, or twice',
    token_missing: 'there is no access token',
    token_invalid: 'the access token is not valid',
    token_expired: 'the access token has expired',
    token_revoked: 'the access token has been revoked',
    scope_insufficient: 'the application lacks the required permission',
    application_disabled: 'the application is disabled',
    object_forbidden: 'the object is not one of the application',
    application_unknown: 'the applications file does not name the application',
    network_forbidden: 'the application must not call from this address',
    operation_unknown: 'the policy has no such path',
    method_unknown: 'the path has no operation with this method',
    source_unavailable: 'the access token cannot be verified now',
};

const DECISIONS = { allow: 'Allowed', deny: 'Refused', would_deny: 'Reported' };

const TIMEOUT = 10000;

const $ = id => document.getElementById(id);
const count = n => n.toLocaleString('en');
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
const percent = (part, whole) => whole ? `${(100 * part / whole).toFixed(1)} %` : 'none';
const rate = n => n.toFixed(n < 10 ? 1 : 0);
const code = text => make('code', text);

// Strings become text, whatever is in them; nothing is ever parsed as HTML.
function make(tag, content = '', className = '') {
    const node = document.createElement(tag);
    node.append(...[content].flat(Infinity).filter(part => part !== undefined));
    node.className = className;
    return node;
}

// What it does depends on the button alone, which may come to stand for something else.
function button(content, className, act) {
    const node = make('button', content, className);
    node.type = 'button';
    node.addEventListener('click', () => act(node));
    return node;
}

function heading(scope, content, className) {
    const node = make('th', content, className);
    node.scope = scope;
    return node;
}

function grid(caption, titles, className) {
    return make('table', [ make('caption', caption),
        make('thead', make('tr', titles.map(title => heading('col', title)))), make('tbody') ], className);
}

// A zero is shown in a faint colour.
function cell(content) {
    if (content instanceof HTMLTableCellElement) return content;
    return make('td', content, /^0(\.0)?$/.test(content) ? 'zero' : '');
}

function line([title, ...cells]) {
    return make('tr', [ heading('row', title), cells.map(cell) ]);
}

// Gives a node these children. Those that are there already stay, as an element that is replaced loses the focus, a
// selection and a click that has just begun; what is open stays open.
function renew(node, ...content) {
    const old = [...node.childNodes], fresh = [...make('div', content).childNodes];
    fresh.forEach((child, i) => {
        if (i >= old.length) return node.append(child);
        if (child.localName === 'details') child.open = old[i].open;
        if (!old[i].cloneNode(false).isEqualNode(child.cloneNode(false))) return old[i].replaceWith(child);
        return renew(old[i], ...child.childNodes);
    });
    old.slice(fresh.length).forEach(child => child.remove());
}

function fill(id, rows) {
    if (!rows.length) rows = [[ make('span', 'none yet', 'soft') ]];
    renew($(id).tBodies[0], rows.map(line));
}

// Replaces the proposals only if they differ, as that would close an open list.
function options(node, values) {
    values = [...new Set(values)].filter(value => value !== '');
    if (values.join('\n') !== [...node.options].map(option => option.value).join('\n')) {
        node.replaceChildren(...values.map(value => make('option', value)));
    }
}

async function ask(what) {
    const answer = await fetch(what, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT) });
    const json = await answer.json().catch(() => ({ error: `status ${answer.status}, and no JSON` }));
    if (json.error) throw new Error(json.error);
    return json;
}

function duration(seconds) {
    if (seconds < 0.9995) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
    if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
    if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
    return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

// The time that many seconds ago, in the reader's time zone.
function moment(age) {
    const then = new Date(Date.now() - 1000 * age);
    const time = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    return then.toDateString() === new Date().toDateString() ? time : `${then.toLocaleDateString()} ${time}`;
}

const ago = age => age < 2 ? 'now' : `${age < 120 ? `${Math.round(age)} s` : duration(age)} ago`;
