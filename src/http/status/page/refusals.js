// ---- who is refused: is that a mistake, since when, and for which operation

const RECENT = 300;     // seconds: who was refused within them counts as refused now
const CASES = 12, PLACES = 3;
const MEANT = ['application_disabled', 'token_revoked'];    // an operator has ordered this

// One row for each application, decision and reason, the latest first.
function cases(json) {
    const found = new Map();
    for (const row of json.refusals) {
        const key = JSON.stringify([row.application, row.decision, row.reason]);
        const one = found.get(key) || { ...row, count: 0, places: [] };
        one.places.push(row);
        one.count += row.count;
        one.since = Math.min(one.since, row.since);
        one.last = Math.max(one.last, row.last);
        found.set(key, one);
    }
    for (const one of found.values()) {
        one.now = json.now - one.last <= RECENT;
        one.meant = one.decision !== 'deny' || MEANT.includes(one.reason);
        one.places.sort((a, b) => b.last - a.last);
    }
    return [...found.values()].sort((a, b) => b.now - a.now
        || a.meant - b.meant || b.last - a.last);
}

const since = (one, now) => `since ${moment(now - one.since)}`;

function when(one, now) {
    if (one.count === 1) return `once, at ${moment(now - one.last)} (${ago(now - one.last)})`;
    return `${plural(one.count, 'time')} ${since(one, now)}, last ${ago(now - one.last)}`;
}

function place(row) {
    const known = operationsById.get(row.operation);
    return known ? [ make('span', known.method, `method ${known.method}`), ' ', routeCode(known.route),
        ` ${row.operation}` ] : [ code(row.operation) ];
}

// Puts such a call into the form; the reader replaces what is in braces.
function explainCase({ dataset: { application, operation } }) {
    const { method, route } = operationsById.get(operation);
    explain({ method, path: route.replace(/\{[^}]*\}/g, 'x'), scopes: '', application });
}

function explainButton(application, operation) {
    const node = button('Explain', '', explainCase);
    Object.assign(node.dataset, { application, operation });
    return node;
}

function caseItem(one, now) {
    const more = one.places.length - PLACES;
    const { operation } = one.places[0];
    const known = operationsById.has(operation);
    return make('li', [
        make('span', applicationLink(one.application), 'who'),
        make('span', [ one.decision === 'deny' ? '' : 'reported only: ', REASONS[one.reason],
                       ' ', make('span', one.reason, 'soft') ], 'why'),
        known ? make('span', explainButton(one.application, operation), 'ask') : undefined,
        make('span', when(one, now), 'when soft'),
        make('span', one.places.filter(({ operation }) => operation).slice(0, PLACES)
            .map(row => make('span', place(row))).concat(more > 0 ? [`and ${count(more)} more`] : []), 'where'),
    ], one.now ? '' : 'past');
}

// The answer: its class, a sentence, and a remark.
function verdict(named, unverified, open, json, decided) {
    const now = named.filter(one => one.now);
    const refused = now.filter(({ decision }) => decision === 'deny');
    const who = list => [...new Set(list.map(({ application }) => application))];
    const tell = (list, one, many) => {
        const [first, ...others] = who(list);
        const begin = Math.min(...list.map(one => one.since));
        return `${first}${others.length ? ` and ${plural(others.length, 'other application')}` : ''} ${
            others.length ? many : one}, since ${moment(json.now - begin)}`;
    };
    if (open || unverified) {
        return [ 'bad', `Tokens cannot be verified${
            unverified ? `, since ${moment(json.now - unverified.since)}` : ''}`,
            open ? 'The introspection fails, and is not asked now.' : when(unverified, json.now) ];
    }
    if (refused.length) {
        return [ refused.every(({ meant }) => meant) ? 'warn' : 'bad', tell(refused, 'is refused', 'are refused'), '' ];
    }
    if (now.length) return [ 'warn', tell(now, 'would be refused', 'would be refused'), '' ];
    if (!decided) return [ 'quiet', 'No call has been decided yet', '' ];
    return [ 'good', 'No application is refused', named.length
        ? `The last one was at ${moment(json.now - named[0].last)}.` : 'None has been.' ];
}

// Without an application the client may be anybody, which needs attention only if it may be a mistake.
function anonymous(list, json) {
    if (!list.length) return '';
    const total = list.reduce((n, one) => n + one.count, 0);
    const first = Math.min(...list.map(one => one.since)), last = Math.max(...list.map(one => one.last));
    return [ `Without a known application: ${plural(total, 'call')} since ${moment(json.now - first)}, last ${
        ago(json.now - last)} (`, list.map((one, i) => [ i ? ', ' : '', `${one.reason} ${count(one.count)}` ]), ').' ];
}

function showRefusals(shot) {
    const { json } = shot;
    const all = cases(json);
    const unverified = all.find(one => one.reason === 'source_unavailable' && one.now);
    const named = all.filter(one => one.application && one !== unverified);
    const open = sum(shot, 'circuit_open') > 0;
    const [className, sentence, note] = verdict(named, unverified, open, json, sum(shot, 'requests_total'));

    $('refused').className = className;
    if ($('verdict').textContent !== sentence) $('verdict').textContent = sentence;
    $('verdict-note').textContent = note;
    renew($('cases'), named.slice(0, CASES).map(one => caseItem(one, json.now)),
        named.length > CASES ? make('li', `and ${count(named.length - CASES)} more`, 'soft') : []);
    renew($('anonymous'), anonymous(all.filter(one => !one.application && one !== unverified), json));
}
