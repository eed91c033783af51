// Atmos's connection document, read with version 2 of the AWS SDK, which does not know AWS_ENDPOINT_URL.

const SecretsManager = require('aws-sdk/clients/secretsmanager');
const { accepts, answer } = require('./login.cjs');

const client = new SecretsManager({ endpoint: process.env.AWS_ENDPOINT_URL });
answer(async () => {
    const { SecretString } = await client.getSecretValue({ SecretId: process.env.SECRET }).promise();
    return accepts(JSON.parse(SecretString));
});
