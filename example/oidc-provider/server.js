// An authorization server on 127.0.0.1 for the example and the tests: the real
// oidc-provider, its tokens kept in memory.
//     node server.js --port PORT
// Prints "oidc-provider ready", then a line per request. OIDC_TOKEN_LIFE is the life of a
// token in seconds (600). OIDC_SIGNED='{"urn:some:api": "ES256"}' has tokens for this API
// signed; OIDC_KEYS is a file with the private keys for it, a JWK set whose first key that
// fits is used.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Provider from 'oidc-provider';

const { values: { port } } = parseArgs({ options: { port: { type: 'string' } } });
const issuer = `http://127.0.0.1:${port}`;
const tokenLife = Number(process.env.OIDC_TOKEN_LIFE ?? 600);
const algorithms = JSON.parse(process.env.OIDC_SIGNED ?? '{}');
const keys = process.env.OIDC_KEYS;

// The gate, which asks about tokens and holds none itself.
const resourceServer = {
  id: 'gateway',
  secret: 'gateway-demonstration-secret-of-many-octets',
};

const applications = [
  {
    id: 'hr-sync',
    secret: 'hr-sync-demonstration-secret-of-many-octets',
    scopes: ['org_all', 'org_read', 'user_all', 'user_read'],
  },
  {
    id: 'crm',
    secret: 'crm-demonstration-secret-of-many-octets',
    scopes: ['app_org_all', 'account_all'],
  },
  {
    // More than the gate's applications file lets it have.
    id: 'reporting',
    secret: 'reporting-demonstration-secret-of-many-octets',
    scopes: ['read', 'org_all'],
  },
  {
    // Disabled in the gate's applications file.
    id: 'retired',
    secret: 'retired-demonstration-secret-of-many-octets',
    scopes: ['all'],
  },
];

// The API that the tokens are for, and how they look.
const scopes = [...new Set(applications.flatMap((application) => application.scopes))];
const api = {
  audience: 'urn:eiam:tenant',
  scope: scopes.join(' '),
  accessTokenFormat: 'opaque',
};

function apiOf(audience) {
  const alg = algorithms[audience];
  return alg ? { ...api, audience, accessTokenFormat: 'jwt', jwt: { sign: { alg } } } : api;
}

function client({ id, secret }, more) {
  return {
    client_id: id,
    client_secret: secret,
    redirect_uris: [],
    response_types: [],
    ...more,
  };
}

const provider = new Provider(issuer, {
  scopes,
  clients: [
    client(resourceServer, { grant_types: [] }),
    ...applications.map((application) => client(application, {
      grant_types: ['client_credentials'],
      scope: application.scopes.join(' '),
    })),
  ],
  ttl: { ClientCredentials: tokenLife },
  ...(keys && { jwks: JSON.parse(readFileSync(keys)) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: (ctx, asking) => asking.clientId === resourceServer.id,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api.audience,
      getResourceServerInfo: (ctx, resource) => apiOf(resource),
    },
  },
});

provider.use(async (ctx, next) => {
  await next();
  console.log(`${ctx.method} ${ctx.path} ${ctx.status}`);
});

const server = provider.listen(Number(port), '127.0.0.1', () => {
  console.log(`oidc-provider ready on ${issuer}`);
});
server.on('error', ({ message }) => {
  console.error(message);
  process.exit(1);
});
process.on('SIGTERM', () => process.exit());
