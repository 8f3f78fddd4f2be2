// ---- one application

let chosen = null;

function applicationLink(name) {
    return button(name, 'link', () => {
        chosen = name;
        showApplication(past.shot);
        $('application').scrollIntoView();
    });
}

function applicationTiles(shot) {
    const row = table(shot, 'application_requests_total', 'application', 'decision')
        .find(({ name }) => name === chosen) || { sums: {} };
    const { allow = 0, deny = 0, would_deny: reported = 0 } = row.sums;
    return make('dl', [ [ 'Allowed', count(allow), '', allow ? '' : 'zero' ],
        [ 'Refused', count(deny), '', deny ? 'bad' : 'zero' ],
        ...(reported ? [[ 'Reported', count(reported), '', 'warn' ]] : []) ].map(tile), 'tiles');
}

function showApplication(shot) {
    $('application').hidden = chosen === null;
    if (chosen === null || !shot) return;
    const refused = cases(shot.json).filter(({ application }) => application === chosen);
    $('application-title').textContent = `Application ${chosen}`;
    $('application-view').replaceChildren(applicationTiles(shot), make('h3', 'Its refusals'),
        refused.length ? grid('', ['Reason', 'Operation', 'Times', 'Since', 'Last']) : make('p', 'none', 'soft'));
    if (refused.length) {
        $('application-view').querySelector('table').tBodies[0].append(...refused.flatMap(one => one.places)
            .map(row => line([ [row.reason, make('small', REASONS[row.reason])],
                make('td', place(row), 'text'), coloured(row.decision, row.count),
                moment(shot.json.now - row.since), ago(shot.json.now - row.last) ])));
    }
}

$('application-close').addEventListener('click', () => {
    chosen = null;
    showApplication();
});
