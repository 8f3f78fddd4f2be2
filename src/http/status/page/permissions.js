// ---- permissions: the matrix, of which only the visible rows are drawn

const ROWS = 80, COLUMNS = 24, NAMED = 6, RESOURCES = 200, FEW = 5, UNCALLED = 40;
const PAPER = 1000;     // rows drawn for printing

let policies = [], scopes = [], rows = [], usage = [], operationsById = new Map();
let digests = '', reading = false, begin = 0, onPaper = false, drawn = '';

// Fetches the parts of the policy one after the other; the first is shown at once.
async function load() {
    let first, from = 0, operations = [];
    reading = true;
    try {
        while (from !== undefined) {
            const part = await ask(`operations?from=${from}`);
            const now = part.policies.map(({ sha256 }) => sha256).join();
            if (from && now !== first) return;
            first = now;
            if (part.scopes) ({ policies, scopes } = part);
            operations = operations.concat(part.operations.map(operation));
            arrange(operations);
            draw();
            if (past.shot) showRefusals(past.shot);     // which name operations
            from = part.next;
        }
        digests = first;
    } finally {
        reading = false;
    }
}

// Fetches the policy again when its digest has changed.
async function follow(shot) {
    const now = find(shot, 'policy_info').map(({ labels }) => labels.sha256).join();
    if (now !== digests && !reading) await load();
}

function operation([policy, id, method, route, isPublic, report, required, objects = []]) {
    return { policy, id, method, route, isPublic, report, objects,
        required: required.map(scope => [scope].flat()),
        text: [ id, method, route, isPublic ? 'public' : '', report ? 'report' : '',
            objects.map(kind => `object:${kind}`).join(' ') ].join(' ').toLowerCase() };
}

// ---- resources: operations are grouped by the first segment in which routes differ

const segments = row => row.route.slice(policies[row.policy].path.length).split('/').slice(1);
const isParameter = part => part.includes('{');

// The segments that all routes have in common, without parameters.
function common(list) {
    const first = segments(list[0]).slice(0, -1);
    let n = first.findIndex(isParameter);
    if (n < 0) n = first.length;
    for (const row of list) {
        const parts = segments(row);
        let i = 0;
        while (i < n && i < parts.length - 1 && parts[i] === first[i]) i++;
        n = i;
    }
    return first.slice(0, n);
}

function resource(row, depth) {
    const parts = segments(row).slice(depth);
    const i = parts.findIndex(part => !isParameter(part));
    return parts.slice(0, i < 0 ? parts.length : i + 1).join('/') || '/';
}

// If nearly every operation were a group of its own, all form one group.
function byResource(list) {
    const before = common(list);
    const groups = new Map();
    for (const row of list) {
        const name = resource(row, before.length);
        if (!groups.has(name)) groups.set(name, []);
        groups.get(name).push(row);
    }
    return groups.size > FEW && groups.size > list.length / 2 ? new Map([[before.join('/') || '/', list]]) : groups;
}

// The rows of a resource are grouped, in the order of the document.
function arrange(list) {
    rows = policies.flatMap((policy, i) => {
        const those = list.filter(row => row.policy === i);
        return those.length ? [...byResource(those)].flatMap(([name, part]) => {
            for (const row of part) {
                row.resource = name;
                row.group = `${i} ${name}`;
            }
            return part;
        }) : [];
    });
    operationsById = new Map(rows.map(row => [row.id, row]));
    usage = scopes.map(() => 0);
    for (const row of rows) for (const scope of row.required.flat()) usage[scope]++;
    const named = [...new Set(rows.map(row => row.resource))];
    $('resources').hidden = named.length < 2 || named.length > RESOURCES;
    options($('resource'), $('resources').hidden ? ['all'] : ['all', ...named]);
}

// ---- a matrix

// "(a and b) or c": the first alternatives
function required(alternatives, whole) {
    const more = whole || alternatives.length <= NAMED + 2 ? 0 : alternatives.length - NAMED;
    return alternatives.slice(0, alternatives.length - more).map((names, i) => {
        const all = names.map((name, k) => [k ? ' and ' : '', code(name)]);
        return [ i ? ' or ' : '', names.length > 1 && alternatives.length > 1 ? ['(', all, ')'] : all ];
    }).concat(more ? [[ ' or ', moreButton(alternatives, more) ]] : []);
}

function moreButton(alternatives, more) {
    return button(`${count(more)} more`, 'link', ({ parentNode }) =>
        parentNode.replaceChildren(...[required(alternatives, true)].flat(Infinity)));
}

// The cells of a row, by scope.
function marks(alternatives) {
    const cells = new Map();
    let letter = 9;
    for (const all of alternatives) {
        const mark = all.length > 1 ? (++letter).toString(36).toUpperCase() : '\u25cf';
        for (const scope of all) cells.set(scope, `${cells.get(scope) || ''} ${mark}`.trim());
    }
    return cells;
}

// A path that may be broken only before a slash.
function routeCode(route) {
    return make('code', route.split('/').slice(1).map((part, i) => [ i ? make('wbr') : '', `/${part}` ]), 'route');
}

function needs(row, columns, wanted) {
    if (row.isPublic) return make('strong', 'public: no token', 'warn');
    if (!row.required.flat().length) return make('strong', 'any valid token', 'warn');
    if (columns.length && row.required.every(all => all.length === 1)) return undefined;
    const first = row.required.filter(all => all.some(scope => wanted[scope]));
    const others = row.required.filter(all => !first.includes(all));
    return make('span', required([...first, ...others].map(all => all.map(scope => scopes[scope]))), 'needs');
}

function matrixRow(row, columns, wanted) {
    const cells = marks(columns.length ? row.required : []);
    return line([ make('div', [ make('span', row.method, `method ${row.method}`), routeCode(row.route.slice(policies[row.policy].path.length)),
        make('small', [ row.id, row.report ? [' ', make('strong', 'report only', 'warn')] : [],
            row.objects.map(kind => ` object:${kind}`) ]),
        needs(row, columns, wanted) ], 'row'),
        ...columns.map(scope => make('td', cells.get(scope))) ]);
}

// The scopes of the group, those that few operations accept first.
function group(list, total, wanted) {
    const used = [...new Set(list.flatMap(row => row.required.flat()))]
        .sort((a, b) => usage[a] - usage[b] || (scopes[a] < scopes[b] ? -1 : 1));
    const columns = used.length > COLUMNS ? [] : used;
    const caption = [ list[0].resource, make('span', [ plural(total, 'operation'),
        total > list.length ? `, ${count(list.length)} of them here` : '',
        columns.length < used.length ? `, ${count(used.length)} scopes: too many for columns` : '' ], 'soft') ];
    const table = grid(caption, ['Route', ...columns.map(scope => make('span', scopes[scope]))],
        columns.length ? 'matrix' : 'matrix text');
    table.tBodies[0].append(...list.map(row => matrixRow(row, columns, wanted)));
    const region = make('div', table, 'scroll');
    region.tabIndex = 0;
    region.setAttribute('role', 'region');
    region.setAttribute('aria-label', `Permissions of ${list[0].resource}`);
    return region;
}

function title(policy, list, filter) {
    const used = new Set(list.flatMap(row => row.required.flat()));
    return make('p', [ make('strong', `Permissions of ${policy.path || '/'}`), `: ${count(list.length)} of ${
        plural(policy.operations, 'operation')}`, filter ? ` (those with "${filter}")` : '',
        `, ${plural(used.size, 'scope')}.`, make('span', ` Policy ${policy.policy}, SHA-256 ${policy.sha256}, as of ${
            new Date().toISOString()}.`, 'paper') ], 'title');
}

// ---- drawing

function chosenRows(words, wanted) {
    const only = $('resources').hidden ? '' : $('resource').value;
    return rows.filter(row => (!only || only === 'all' || row.resource === only) && words.every((word, i) =>
        row.text.includes(word) || row.required.some(all => all.some(scope => wanted[i][scope]))));
}

function draw() {
    const filter = $('filter').value.trim();
    const words = filter ? filter.toLowerCase().split(/\s+/) : [];
    const wanted = words.map(word => scopes.map(scope => scope.toLowerCase().includes(word)));
    const any = scopes.map((scope, i) => wanted.some(list => list[i]));
    const list = chosenRows(words, wanted);
    const size = onPaper ? PAPER : ROWS;
    const total = policies.reduce((n, policy) => n + policy.operations, 0);
    begin = onPaper ? 0 : Math.min(begin, Math.max(0, Math.ceil(list.length / size) - 1) * size);

    const seen = list.slice(begin, begin + size);
    const now = [ policies.map(({ sha256 }) => sha256), onPaper, filter, begin, list.length, rows.length === total || '',
        ...seen.map(row => row.id) ].join('\n');
    $('count').textContent = `${count(list.length)} of ${count(total)} operations${
        rows.length < total ? `, ${count(total - rows.length)} are still being read` : ''}`;
    $('pager').hidden = list.length <= size;
    $('shown').textContent = `${count(begin + 1)}\u2013${count(begin + seen.length)} of ${count(list.length)}`;
    $('previous').disabled = begin === 0;
    $('next').disabled = begin + size >= list.length;
    if (now === drawn) return;
    drawn = now;

    $('matrices').replaceChildren(...policies.flatMap((policy, i) => {
        const those = list.filter(row => row.policy === i);
        const here = seen.filter(row => row.policy === i);
        const groups = new Map();
        for (const row of here) groups.set(row.group, [...groups.get(row.group) || [], row]);
        return !here.length && policies.length > 1 ? [] : [ title(policy, those, filter), ...[...groups].map(([name, part]) =>
            group(part, those.filter(row => row.group === name).length, any)) ];
    }));
}

function turn(by) {
    begin += by;
    draw();
    $('permissions').scrollIntoView();
}

function restart() {
    begin = 0;
    draw();
}

$('filter').addEventListener('input', restart);
$('resource').addEventListener('change', restart);
$('previous').addEventListener('click', () => turn(-ROWS));
$('next').addEventListener('click', () => turn(ROWS));
$('print').addEventListener('click', () => print());
addEventListener('beforeprint', () => { onPaper = true; draw(); });
addEventListener('afterprint', () => { onPaper = false; draw(); });

// ---- operations that nobody has called

function showUncalled({ usage, now }) {
    if (!usage || !usage.uncalled_count) return renew($('uncalled'));
    const more = usage.uncalled_count - UNCALLED;
    return renew($('uncalled'), make('details', [ make('summary', `${plural(usage.uncalled_count,
        'operation was', 'operations were')} called by nobody since ${moment(now - usage.since)}`),
        make('p', [ usage.uncalled.slice(0, UNCALLED).map((row, i) => [ i ? ', ' : '', code(row.operation) ]),
            more > 0 ? ` and ${count(more)} more` : '' ]) ]));
}

// ---- what the policies leave out

function showLeftOut({ left_out: causes }) {
    $('left-out').hidden = !causes.length;
    const list = grid('', ['Cause', 'What and why', 'Number', 'First places']);
    list.tBodies[0].append(...causes.map(one => line([ [one.cause, make('small', policies.length > 1
        ? one.policy : '')], [ `${one.subject}: ${one.text}`, make('small', one.remedy) ],
        make('td', count(one.count), 'count'), one.pointers.map((pointer, i) => [ i ? make('br') : '', code(pointer) ])
            .concat(one.count > one.pointers.length ? [[ make('br'), `and ${count(one.count - one.pointers.length)} more` ]] : []) ])));
    renew($('causes'), list);
}
