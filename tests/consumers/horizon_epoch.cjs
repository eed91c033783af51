// Horizon Epoch's catalogue, read with version 3 of the AWS SDK: `database`, not `dbname`, and perhaps no host.

const { GetSecretValueCommand, SecretsManagerClient } = require('@aws-sdk/client-secrets-manager');
const { accepts, answer } = require('./login.cjs');

const client = new SecretsManagerClient();
answer(async () => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: process.env.SECRET }));
    return accepts(JSON.parse(SecretString));
});
