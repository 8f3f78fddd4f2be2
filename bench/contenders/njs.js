// Status 200, 401 or 403: by the signed token of the request.

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

async function check(token, spki) {
    const parts = token.split('.');
    if (parts.length !== 3) {
        return 401;
    }
    const header = JSON.parse(Buffer.from(parts[0], 'base64url'));
    if (header.alg !== 'RS256') {
        return 401;
    }
    const key = await crypto.subtle.importKey('spki', Buffer.from(spki, 'base64'), algorithm, false,
        ['verify']);
    const good = await crypto.subtle.verify(algorithm, key, Buffer.from(parts[2], 'base64url'),
        Buffer.from(parts[0] + '.' + parts[1]));
    const claims = JSON.parse(Buffer.from(parts[1], 'base64url'));
    if (!good || claims.exp < Date.now() / 1000) {
        return 401;
    }
    return claims.scope.split(' ').includes('org_read') ? 200 : 403;
}

async function verify(r) {
    const field = r.headersIn.Authorization || '';
    let status = 401;
    if (field.startsWith('Bearer ')) {
        try {
            status = await check(field.substring(7), r.variables.jwt_key);
        } catch (e) {
            status = 401;
        }
    }
    r.return(status);
}

export default { verify };
