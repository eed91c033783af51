// An OAuth server on a free port of 127.0.0.1, for as long as this program's standard input is open.
//
// node oauth_server.mjs NODE_MODULES; the clients are in the environment: OAUTH_CLIENTS is a JSON array of
// {"client_id", "client_secret", "scope"}. Prints the port once it listens, and then each token that it grants.
//
// Grants, tokens and the proof of a client's secret are oidc-provider's. The library leaves it to its user how clients
// are managed; here that is as in Auth0's Management API:
//
// POST  /oauth/token            the client-credentials grant, with the client's secret in the form
// PATCH /api/v2/clients/{id}    {"client_secret"}, with a token of scope update:client_keys; the old secret ends at once

import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

// Whoever started us holds the other end, and the kernel closes it when they are gone, even if they were killed.
process.stdin.on('end', () => process.exit(0)).resume();

const { Provider } = await import(pathToFileURL(`${process.argv[2]}/oidc-provider/lib/index.js`));
const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const { port } = server.address();
const provider = new Provider(`http://127.0.0.1:${port}`, {
    scopes: ['update:client_keys', 'orders:read'],
    routes: { token: '/oauth/token' },
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    ttl: { ClientCredentials: 60 },
});

async function store(metadata) {
    // Made, and with that checked, by the library.
    const client = new provider.Client({
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_post',
        ...metadata,
    });
    await provider.Client.adapter.upsert(client.clientId, client.metadata());
}

async function manage(request, id) {
    const token = request.headers.authorization?.replace(/^Bearer /, '');
    const grant = token && (await provider.ClientCredentials.find(token));
    if (!grant) return [401, { error: 'Unauthorized' }];
    if (!grant.scope?.split(' ').includes('update:client_keys')) return [403, { error: 'insufficient_scope' }];
    const client = await provider.Client.adapter.find(id);
    if (!client) return [404, { error: 'inexistent_client' }];
    let body = '';
    for await (const chunk of request) body += chunk;
    const { client_secret: secret } = JSON.parse(body);
    if (!secret) return [400, { error: 'invalid_body' }];
    await store({ ...client, client_secret: secret });
    return [200, { client_id: id, client_secret: secret }];
}

provider.on('grant.success', (context) => console.log(context.body.access_token));
const library = provider.callback();
server.on('request', async (request, response) => {
    const id = request.method === 'PATCH' && request.url.match(/^\/api\/v2\/clients\/([^/?]+)$/)?.[1];
    if (!id) return library(request, response);
    const [status, body] = await manage(request, decodeURIComponent(id)).catch((error) => [400, { error: `${error.name}` }]);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
for (const client of JSON.parse(process.env.OAUTH_CLIENTS)) await store(client);
console.log(port);
