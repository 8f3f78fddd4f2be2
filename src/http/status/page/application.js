// ---- one application

const OBJECTS = 20;

let chosen = null, chosenFiles = null;

function applicationLink(name) {
    return button(name, 'link', node => choose(node.textContent));
}

async function choose(name) {
    chosen = name;
    chosenFiles = null;
    showApplication(past.shot);
    $('application').scrollIntoView();
    await readApplication();
    showApplication(past.shot);
}

// What the applications files say of the application.
async function readApplication() {
    const name = chosen;
    if (name === null) return;
    const answer = await ask(`application?${new URLSearchParams({ id: name })}`).catch(() => null);
    if (name === chosen) chosenFiles = answer && answer.files;
}

function applicationTiles(shot) {
    const row = table(shot, 'application_requests_total', 'application', 'decision')
        .find(({ name }) => name === chosen) || { sums: {} };
    const { allow = 0, deny = 0, would_deny: reported = 0 } = row.sums;
    return make('dl', [ [ 'Allowed', count(allow), '', allow ? '' : 'zero' ],
        [ 'Refused', count(deny), '', deny ? 'bad' : 'zero' ],
        ...(reported ? [[ 'Reported', count(reported), '', 'warn' ]] : []) ].map(tile), 'tiles');
}

const chips = (names, className = '') => names.map(name => make('code', name, className));

function fact(title, content) {
    return [ make('dt', title), make('dd', content) ];
}

// Objects by kind: the first ids of each.
function objectsView(objects) {
    if (!objects) return [];
    if (objects === '*') return fact('Objects', make('span', 'any', 'soft'));
    return objects.map(({ kind, any, count: n, ids }) => fact(`Objects: ${kind}`, any ? make('span', 'any', 'soft')
        : make('span', [ chips(ids.slice(0, OBJECTS)), n > OBJECTS ? `and ${count(n - OBJECTS)} more` : '' ], 'chips')));
}

function fileView(file) {
    const unknown = file.unknown_permissions;
    return make('dl', [
        chosenFiles.length > 1 ? fact('Applications file', code(file.file)) : [],
        file.enabled ? [] : fact('Enabled', make('strong', 'no', 'warn')),
        fact('Granted', file.permissions.length + unknown.length
            ? make('span', [ chips(file.permissions), chips(unknown, 'warn') ], 'chips') : make('span', 'nothing', 'soft')),
        unknown.length ? fact('', make('span', `${plural(unknown.length, 'permission')} that no policy knows`, 'warn')) : [],
        fact('Networks', file.networks ? make('span', chips(file.networks), 'chips') : make('span', 'any', 'soft')),
        objectsView(file.objects),
        fact('Static tokens', count(file.tokens)),
    ], 'facts');
}

function filesView() {
    if (chosenFiles === null) return [];
    if (!chosenFiles.length) return [make('p', 'No applications file names it.', 'soft')];
    return chosenFiles.map(fileView);
}

// What the application has used, and which permissions would have sufficed, if the gate reports that.
function usageView({ json }) {
    const known = (json.application_usage || []).filter(({ application }) => application === chosen);
    return known.map(({ used = [], minimal = [], minimal_exact: exact = true, granted = [] }) => {
        const spare = granted.filter(permission => !minimal.includes(permission));
        return make('dl', [
            json.usage ? fact('Used since', moment(json.now - json.usage.since)) : [],
            fact('Operations used', used.length ? make('span', [ chips(used.slice(0, OBJECTS)),
                used.length > OBJECTS ? `and ${count(used.length - OBJECTS)} more` : '' ], 'chips')
                : make('span', 'none', 'soft')),
            used.length ? fact(exact ? 'Sufficient for these' : 'Sufficient for these, though fewer may be', make('span', chips(minimal, 'good'), 'chips')) : [],
            used.length && spare.length ? fact('Not needed for these', make('span', chips(spare), 'chips')) : [],
        ], 'facts');
    });
}

function refusalsView(shot) {
    const refused = cases(shot.json).filter(({ application }) => application === chosen);
    if (!refused.length) return make('p', 'No refusal is remembered.', 'soft');
    const list = grid('Refusals', ['Reason', 'Operation', 'Times', 'Since', 'Last']);
    list.tHead.rows[0].cells[1].className = 'text';
    list.tBodies[0].append(...refused.flatMap(one => one.places).map(row => line([
        [row.reason, make('small', REASONS[row.reason])], make('td', place(row), 'text'),
        coloured(row.decision, row.count), moment(shot.json.now - row.since), ago(shot.json.now - row.last) ])));
    return make('div', list, 'scroll');
}

function showApplication(shot) {
    $('application').hidden = chosen === null;
    if (chosen === null || !shot) return;
    $('application-title').textContent = `Application ${chosen}`;
    renew($('application-view'), applicationTiles(shot), filesView(), usageView(shot), refusalsView(shot));
}

$('application-close').addEventListener('click', () => {
    chosen = null;
    showApplication();
});
