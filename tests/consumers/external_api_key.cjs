// Atmos's bare API key: the secret is the key. The service is Unleash.

const { GetSecretValueCommand, SecretsManagerClient } = require('@aws-sdk/client-secrets-manager');
const { answer } = require('./login.cjs');

const client = new SecretsManagerClient();
answer(async () => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: process.env.SECRET }));
    const response = await fetch(`${process.env.SERVICE}/api/client/features`, { headers: { authorization: SecretString } });
    await response.text();
    if (response.status !== 200 && response.status !== 401) throw new Error(`the service answers ${response.status}`);
    return response.ok;
});
