// ---- figures: the samples of one moment, and their differences to an earlier one

const MINUTE = 60000, SPAN = 10 * MINUTE, TOP = 15;

let names = [];

const TABLES = {
    reasons: ['Refusals by reason', 'Reason', 'Refused', 'Reported', 'Per second', 'Over time'],
    applications: ['By application', 'Application', ...Object.values(DECISIONS)],
    operations: ['By operation', 'Operation', ...Object.values(DECISIONS)],
    lookups: ['Tokens looked up', 'Source', 'Hit', 'Miss', 'Stale', 'Not cached'],
    latency: ['Latency of the sources', 'Source', 'Fetches', 'Mean', 'p50', 'p95'],
    gateways: ['Gateways', 'Gateway', 'Revocations not in force yet', 'Last heard of'],
};

function snapshot(json) {
    const samples = new Map();
    for (const sample of json.metrics.flatMap(family => family.samples)) {
        if (!samples.has(sample.name)) samples.set(sample.name, []);
        samples.get(sample.name).push(sample);
    }
    return { at: performance.now(), samples, json };
}

function find(shot, name, want = {}) {
    return (shot.samples.get(`eiam_${name}`) || [])
        .filter(({ labels }) => Object.keys(want).every(label => labels[label] === want[label]));
}

function sum(shot, name, want) {
    return find(shot, name, want).reduce((total, sample) => total + sample.value, 0);
}

// A row for each value of a label, with the sums by another label; the largest first.
function table(shot, name, label, other) {
    const rows = new Map();
    for (const { labels, value } of find(shot, name)) {
        const row = rows.get(labels[label]) || { name: labels[label], total: 0, sums: {} };
        row.sums[labels[other]] = (row.sums[labels[other]] || 0) + value;
        row.total += value;
        rows.set(row.name, row);
    }
    return [...rows.values()].sort((a, b) => b.total - a.total);
}

// What is kept of each moment for ten minutes: counts by decision and reason, and fetches.
function remember(shot) {
    const counts = { allow: 0, deny: 0, would_deny: 0 };
    for (const { labels: { decision, reason }, value } of find(shot, 'requests_total')) {
        counts[decision] += value;
        if (reason) counts[reason] = (counts[reason] || 0) + value;
    }
    const samples = new Map([...shot.samples].filter(([name]) => name.startsWith('eiam_fetch_duration')));
    return { at: shot.at, counts, samples };
}

// Per second, between any two moments: { at, value }.
function rates(history, name) {
    return history.slice(1).map(({ at, counts }, i) => ({ at, value:
        Math.max(0, 1000 * ((counts[name] || 0) - (history[i].counts[name] || 0)) / (at - history[i].at)) }));
}

// Means of ten seconds each.
function recent(points) {
    const now = points.length ? points[points.length - 1].at : 0;
    const those = points.filter(({ at }) => now - at < MINUTE / 6);
    return those.reduce((total, { value }) => total + value, 0) / (those.length || 1);
}

function shape(name, className, path) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name);
    node.setAttribute('class', className);
    if (path) node.setAttribute('d', path);
    return node;
}

// A curve of the last one to ten minutes, the newest at the right.
function spark(points, className, what) {
    const svg = shape('svg', `spark ${className}`);
    const most = Math.max(...points.map(({ value }) => value), 0);
    const now = points.length ? points[points.length - 1].at : 0;
    const span = points.length ? Math.max(now - points[0].at, MINUTE) : MINUTE;
    const x = at => (100 * (1 - (now - at) / span)).toFixed(2);
    const y = value => (23 - 22 * (most && value / most)).toFixed(2);
    const path = points.map(({ at, value }, i) => `${i ? 'L' : 'M'}${x(at)} ${y(value)}`).join('');
    svg.setAttribute('viewBox', '0 0 100 24');
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', `${what} per second in the last ${duration(span / 1000)}: at most ${rate(most)}`);
    if (points.length > 1) {
        svg.append(shape('path', 'area', `${path}L100 24L${x(points[0].at)} 24Z`), shape('path', 'line', path));
    }
    return svg;
}

// A quantile, as in Prometheus: linear within a bucket.
function quantile(buckets, q) {
    const rank = q * buckets[buckets.length - 1].n;
    const i = buckets.findIndex(({ n }) => n >= rank);
    const low = i ? buckets[i - 1] : { le: 0, n: 0 };
    return buckets[i].le === Infinity ? `over ${duration(low.le)}`
        : duration(low.le + (buckets[i].le - low.le) * (rank - low.n) / (buckets[i].n - low.n));
}

// Of the last minute, or of all time if the last minute had no fetch.
function latency(shot, first, source, result) {
    const name = 'fetch_duration_seconds', want = { source, result };
    const more = first && sum(shot, `${name}_count`, want) > sum(first, `${name}_count`, want);
    const minus = (part, le) => sum(shot, name + part, { ...want, ...le })
        - (more ? sum(first, name + part, { ...want, ...le }) : 0);
    const n = minus('_count');
    const buckets = find(shot, `${name}_bucket`, want).map(({ labels: { le } }) =>
        ({ le: le === '+Inf' ? Infinity : Number(le), n: minus('_bucket', { le }) }));
    return [ [`${source}, ${result}`, make('small', more ? 'in the last minute' : 'in all')], count(n),
             duration(minus('_sum') / n), quantile(buckets, 0.5), quantile(buckets, 0.95) ];
}

// ---- figures: on the page

function tile([title, value, note = '', className = '', curve]) {
    return make('div', [ make('dt', title), make('dd', [ value, make('small', note), curve ], className) ]);
}

const CURVES = { allow: 'good', deny: 'bad', would_deny: 'warn' };

function rateTiles(history) {
    const { counts } = history[history.length - 1];
    return Object.entries(DECISIONS).filter(([decision]) => decision !== 'would_deny' || counts[decision])
        .map(([decision, title]) => {
            const points = rates(history, decision);
            const some = points.some(({ value }) => value > 0);
            const colour = decision !== 'allow' && recent(points) > 0 ? CURVES[decision] : '';
            return tile([ title, `${rate(recent(points))} per second`, `${count(counts[decision])} in all`,
                recent(points) > 0 ? colour : 'zero',
                spark(points, some ? CURVES[decision] : 'zero', title) ]);
        });
}

// Only sources that are configured, or that have answered.
function otherTiles(shot) {
    const has = (...kinds) => kinds.some(kind => shot.json.sources.includes(kind));
    const learned = result => count(sum(shot, 'learned_tokens_total', { result }));
    const looked = result => sum(shot, 'lookups_total', { result });
    const hits = looked('HIT') + looked('STALE'), lookups = hits + looked('MISS');
    const evictions = sum(shot, 'zone_evictions_total');
    const open = sum(shot, 'circuit_open') > 0;
    const ages = find(shot, 'key_set_age_seconds').map(sample => sample.value);
    return [
        has('learned', 'jwt', 'introspection')
            && ['Cache hits', percent(hits, lookups), `of ${count(lookups)} look-ups`],
        ['Zone in use', percent(sum(shot, 'zone_used_bytes'), sum(shot, 'zone_size_bytes')),
            plural(sum(shot, 'zone_entries'), 'grant')],
        evictions && ['Evictions', count(evictions), 'of live grants', 'warn'],
        has('introspection') && ['Circuit', open ? 'open' : 'closed',
            open ? 'introspection fails' : 'introspection answers', open ? 'bad' : ''],
        has('jwt', 'introspection') && ['Fetches under way', count(sum(shot, 'fetches_in_flight'))],
        has('jwt') && ages.length && ['Oldest key set', duration(Math.max(...ages))],
        has('learned') && ['Learned tokens', learned('learned'), `${learned('not_learned')} not learned`],
        revocations(shot),
        redis(shot),
    ].filter(Boolean).map(tile);
}

// How many revocations there are, of which kinds, and what needs attention.
function revocations(shot) {
    const total = sum(shot, 'revocations_in_force');
    const notes = find(shot, 'revocations_in_force').filter(({ value }) => value)
        .map(({ labels, value }) => labels.kind === 'all' ? 'everybody' : `${count(value)} by ${labels.kind}`);
    const evicted = sum(shot, 'revocations_evicted_total');
    const reissued = sum(shot, 'revocations_reissued_total');
    if (evicted) notes.push(`${count(evicted)} given up for want of room`);
    if (reissued) notes.push(`${count(reissued)} tokens issued again`);
    return (total || notes.length > 0) && ['Revocations', count(total), notes.join(', '),
        evicted || reissued ? 'warn' : ''];
}

// Only with eiam_redis.
function redis(shot) {
    const [up] = find(shot, 'redis_up');
    if (!up) return false;
    const ages = find(shot, 'redis_fresh_age_seconds').map(({ value }) => value);
    const unsent = sum(shot, 'revocations_unsent');
    const { state, address } = shot.json.redis || {};
    const notes = [ address, ages.length && `as of ${duration(Math.max(...ages))} ago` ].filter(Boolean);
    if (unsent) notes.push(plural(unsent, 'revocation is', 'revocations are') + ' not sent yet');
    if (sum(shot, 'redis_memory_evicts')) notes.push('removes keys when its memory is full');
    const warn = unsent || sum(shot, 'redis_memory_evicts') || state === 'stale';
    return ['Redis', up.value ? state || 'connected' : 'away', notes.join(', '), up.value ? (warn ? 'warn' : '') : 'bad'];
}

// The one that answers first, then those that lack most.
function gateways({ json: { now, redis } }) {
    const all = [ ...(redis && redis.gateways || []) ];
    all.sort((a, b) => b.this - a.this || b.behind - a.behind || a.seen - b.seen);
    return all.map(({ gateway, id, this: own, behind, seen, lost }) => [
        [ gateway, make('small', own ? 'this one' : id) ],
        make('td', behind === null ? 'not known' : behind < 100 ? count(behind) : '100 or more', behind ? 'warn' : 'zero'),
        make('td', ago(Math.max(0, now - seen)), lost ? 'bad' : '') ]);
}

// Which applications files are in force, and which change is not because of a fault.
function files({ json }) {
    return (json.applications || []).filter(({ reload }) => reload).map(file => {
        const name = file.file.replace(/.*\//, '');
        return file.fault ? make('strong', `${name} is refused since ${moment(json.now - file.refused)}: ${
            file.fault} What was in force before stays so.`, 'bad')
            : make('span', `${name} of ${moment(json.now - file.since)}`);
    });
}

function coloured(decision, n) {
    if (!n) return make('td', '0', decision === 'would_deny' ? 'zero reported' : 'zero');
    return make('td', count(n), { deny: 'bad', would_deny: 'warn reported' }[decision] || '');
}

function largest(rows, none, name) {
    const more = rows.length - TOP;
    return rows.slice(0, TOP).map(row => [ row.name ? name(row.name) : make('span', none, 'soft'),
        ...Object.keys(DECISIONS).map(decision => coloured(decision, row.sums[decision])) ])
        .concat(more > 0 ? [[ make('span', `and ${count(more)} more`, 'soft') ]] : []);
}

function reasonRow({ name, sums }, history) {
    const points = rates(history, name);
    const className = sums.deny ? 'bad' : 'warn';
    return [ [name, make('small', REASONS[name])], coloured('deny', sums.deny),
        coloured('would_deny', sums.would_deny), rate(recent(points)),
        spark(points, points.some(({ value }) => value) ? className : 'zero', name) ];
}

function about(shot) {
    renew($('about'),
        find(shot, 'build_info').map(({ labels }) =>
            make('span', `ngx_eiam ${labels.version}, nginx ${labels.nginx}`)),
        find(shot, 'policy_info').map(({ labels: { policy, sha256 } }) => {
            const name = make('span', [ `Policy ${policy.replace(/.*\//, '')} `, make('details', [
                make('summary', `SHA-256 ${sha256.slice(0, 12)}\u2026`), `${policy}, SHA-256 ${sha256}` ]) ]);
            name.title = policy;
            return name;
        }), files(shot));
}

function show(shot, history) {
    const { sources } = shot.json;
    const first = history.find(({ at }) => shot.at - at <= MINUTE);
    const applications = table(shot, 'application_requests_total', 'application', 'decision');

    $('live').className = history[history.length - 1].counts.would_deny ? '' : 'enforced';
    renew($('rates'), rateTiles(history));
    renew($('tiles'), otherTiles(shot));
    fill('reasons', table(shot, 'requests_total', 'reason', 'decision')
        .filter(({ name }) => name).map(row => reasonRow(row, history)));
    fill('applications', largest(applications, 'no application', applicationLink));
    fill('operations', largest(table(shot, 'requests_total', 'operation', 'decision'), 'no operation',
        name => name));
    fill('lookups', table(shot, 'lookups_total', 'source', 'result').map(({ name, sums }) =>
        [ name, ...['HIT', 'MISS', 'STALE', 'BYPASS'].map(result => count(sums[result] || 0)) ]));
    fill('latency', find(shot, 'fetch_duration_seconds_count').filter(({ value }) => value)
        .map(({ labels }) => latency(shot, first, labels.source, labels.result)));
    fill('gateways', gateways(shot));
    $('gateways').hidden = !(shot.json.redis && shot.json.redis.gateways);
    $('lookups').hidden = !sources.length;
    $('latency').hidden = !sources.includes('jwt') && !sources.includes('introspection');
    $('reasons').tHead.rows[0].cells[2].className = 'reported';
    for (const id of ['applications', 'operations']) $(id).tHead.rows[0].cells[3].className = 'reported';

    about(shot);
    names = applications.map(({ name }) => name).filter(Boolean);
    $('time').textContent = `as of ${new Date().toLocaleTimeString([], { hourCycle: 'h23' })}`;
}
