// ---- the pace

const PERIOD = 2000;
const BUSY = 10;        // a pause lasts that many times as long as the answers took

let past = { shot: null, history: [] }, timer, paused = false, busy = false;

function keep(shot) {
    past.history = past.history.filter(({ at }) => shot.at - at <= SPAN);
    past.history.push(remember(shot));
    past.shot = shot;
}

async function tick() {
    let fault = '';
    const asked = performance.now();
    busy = true;
    try {
        const shot = document.hidden ? null : snapshot(await ask('json'));
        if (shot && !paused) {
            keep(shot);
            show(shot, past.history);
            showRefusals(shot);
            await readApplication();
            showApplication(shot);
            showLeftOut(shot.json);
            showUncalled(shot.json);
            follow(shot).catch(tell);
        }
    } catch (error) {
        fault = `The gate does not answer: ${error.message}`;
    }
    if ($('fault').textContent !== fault) $('fault').textContent = fault;
    busy = false;
    if (!paused) timer = setTimeout(tick, Math.max(PERIOD, BUSY * (performance.now() - asked)));
}

function tell(error) {
    $('fault').textContent = `The gate does not answer: ${error.message}`;
}

$('pause').addEventListener('click', () => {
    paused = !paused;
    $('pause').textContent = paused ? 'Resume' : 'Pause';
    clearTimeout(timer);
    if (!paused && !busy) tick();
});

for (const [id, [caption, ...titles]] of Object.entries(TABLES)) {
    $('tables').append(grid(caption, titles));
    $('tables').lastChild.id = id;
}
options($('form').elements.method, METHODS);
load().catch(tell);
tick();
