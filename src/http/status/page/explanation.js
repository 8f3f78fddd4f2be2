// ---- explanation

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'];

const PROPOSALS = 30;

const VERDICTS = {
    allow: () => make('strong', 'Allowed.', 'good'),
    deny: ({ status }) => make('strong', `Refused with ${status}:`, 'bad'),
    would_deny: ({ status }) => make('strong',
        `Passes, because the operation only reports; it would be refused with ${status}:`, 'warn'),
};

function words(answer) {
    const text = [[ VERDICTS[answer.decision](answer),
        answer.reason ? ` ${REASONS[answer.reason]} (${answer.reason}${
            answer.detail ? `: ${answer.detail}` : ''}).` : '' ]];
    if (answer.unknown_scopes) {
        text.push([ make('strong', 'Unknown to every policy: ', 'warn'), required(answer.unknown_scopes
            .map(scope => [scope]), true).map(part => part.slice(1)).flatMap((part, i) => [ i ? ', ' : '', part ]), '.' ]);
    }
    if (answer.operation) {
        text.push([ 'The operation is ', code(answer.operation), ', route ', routeCode(answer.route), '.' ]);
        text.push(answer.required.length ? ['It needs ', required(answer.required), '.']
            : 'It is public: no token is needed.');
    }
    if (answer.application) text.push(['The application is ', code(answer.application), '.']);
    if (answer.not_before) {
        text.push(`Its tokens from before ${new Date(1000 * answer.not_before).toISOString()} are revoked.`);
    }
    if (answer.scopes) text.push(['The token counts as ', code(answer.scopes), '.']);
    if (answer.networks) text.push(['It may call from ', answer.networks.length ? listOf(answer.networks) : 'nowhere', '.']);
    if (answer.objects) text.push([ answer.objects.map(object) ]);
    if (answer.used !== undefined && answer.decision === 'allow') {
        text.push(`${answer.application ? 'The application' : 'Somebody'} has ${answer.used ? '' : 'not '}called it before.`);
    }
    if (answer.missing) text.push(['Missing: ', required(answer.missing), '.']);
    return text.map(content => make('p', content));
}

const listOf = names => names.map((name, i) => [ i ? ', ' : '', code(name) ]);

// What one parameter of the operation names, and whether the application may.
function object({ kind, in: where, name, id, permitted }) {
    return [ `The parameter of the ${where} `, code(name), ` names an object of the kind ${kind}: `,
        id === undefined ? 'none plainly' : code(id),
        permitted === undefined ? '. ' : make('span', permitted ? ' (permitted). ' : ' (not permitted). ', permitted ? 'good' : 'bad') ];
}

async function submit() {
    const query = new URLSearchParams([...new FormData($('form'))].filter(([, value]) => value.trim()));
    try {
        const answer = await ask(`explain?${query}`);
        $('answer').replaceChildren(...words(answer), make('details', [
            make('summary', 'The same as JSON', 'soft'), make('pre', JSON.stringify(answer, null, 2)) ]));
    } catch (error) {
        $('answer').replaceChildren(make('p', `No explanation: ${error.message}`, 'bad'));
    }
}

function explain(call) {
    $('form').reset();
    for (const [name, value] of Object.entries(call)) $('form').elements[name].value = value;
    $('explanation').scrollIntoView();
    submit();
}

// A few proposals that fit the input, however many operations the policy has.
function propose(list, values, typed) {
    const text = typed.toLowerCase();
    const found = [];
    for (const value of values) {
        if (found.length === PROPOSALS) break;
        if (value.toLowerCase().includes(text) && !found.includes(value)) found.push(value);
    }
    options($(list), found);
}

$('form').addEventListener('submit', event => {
    event.preventDefault();
    submit();
});
$('form').elements.path.addEventListener('input', ({ target }) =>
    propose('routes', rows.map(({ route }) => route), target.value));
for (const type of ['focus', 'input']) {
    $('form').elements.application.addEventListener(type, ({ target }) => propose('names', names, target.value));
}
