// What the constructs refuse, and what they leave as it is: `node --test`.
const assert = require('node:assert/strict');
const { mkdtempSync, mkdirSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { test } = require('node:test');
const { App, Duration, Stack, aws_kms, aws_lambda, aws_secretsmanager, assertions } = require('aws-cdk-lib');
const { Monitoring, ReleaseFiles, RotatedSecret, SingleUserRotation } = require('..');

/** A release whose zip files are empty. */
function release() {
  const directory = mkdtempSync(join(tmpdir(), 'keywheel-cdk-'));
  for (const architecture of ['arm64', 'x86_64']) {
    mkdirSync(join(directory, architecture));
    writeFileSync(join(directory, architecture, 'rotate-postgres-single-user.zip'), Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)]));
  }
  return ReleaseFiles.fromDirectory(directory);
}

function rotationIn(stack, options = {}) {
  return new SingleUserRotation(stack, `Rotation${options.namePrefix ?? ''}`, { release: release(), ...options });
}

test('zip files of a directory are assets', () => {
  const stack = new Stack(new App(), 'S');
  rotationIn(stack, { architecture: aws_lambda.Architecture.X86_64 });
  assertions.Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Architectures: ['x86_64'],
    Code: { S3Key: assertions.Match.stringLikeRegexp('[0-9a-f]{64}.zip') },
  });
});

test('a secret that the role does not reach is refused when the stack is synthesised', () => {
  const stack = new Stack(new App(), 'S');
  const rotation = rotationIn(stack, { secretNamePrefix: 'myapp/prod/' });
  assert.throws(() => new RotatedSecret(stack, 'Outside', { secretName: 'other/db', rotation }), /may reach secrets below myapp\/prod\/ only/);
  const there = aws_secretsmanager.Secret.fromSecretNameV2(stack, 'There', 'other/db');
  assert.throws(() => rotation.rotate('Rotation', there), /may reach secrets below myapp\/prod\/ only/);
});

test('a key that the role may not use is refused when the stack is synthesised', () => {
  const stack = new Stack(new App(), 'S');
  const encryptionKey = new aws_kms.Key(stack, 'Key');
  assert.throws(() => new RotatedSecret(stack, 'Orders', { encryptionKey, rotation: rotationIn(stack) }), /name it in secretKeys/);
  const rotation = rotationIn(stack, { secretKeys: [encryptionKey], namePrefix: 'second-' });
  new RotatedSecret(stack, 'Stock', { encryptionKey, rotation });
});

test('addRotationSchedule adds nothing to the role, and one permission is there, for one account', () => {
  const stack = new Stack(new App(), 'S');
  const rotation = rotationIn(stack);
  const before = JSON.stringify(assertions.Template.fromStack(stack).findResources('AWS::IAM::Role'));
  const second = new Stack(new App(), 'S');
  const same = rotationIn(second);
  new aws_secretsmanager.Secret(second, 'Orders').addRotationSchedule('Rotation', { rotationLambda: same });
  const template = assertions.Template.fromStack(second);
  assert.equal(JSON.stringify(template.findResources('AWS::IAM::Role')), before);
  template.resourceCountIs('AWS::IAM::Policy', 0);
  template.resourceCountIs('AWS::Lambda::Permission', 1);
  template.hasResourceProperties('AWS::Lambda::Permission', { Principal: 'secretsmanager.amazonaws.com', SourceAccount: { Ref: 'AWS::AccountId' } });
  assert.equal(rotation.fixedName, 'keywheel-rotate-postgres-single-user');
});

test('what is set reaches the function', () => {
  const stack = new Stack(new App(), 'S');
  rotationIn(stack, { passwordLength: 40, includeSpace: false, copyMembers: ['url', 'dsn'], replicaWait: Duration.minutes(1), assumeRoles: [{ roleArn: 'arn:aws:iam::111111111111:role/a' }] });
  assertions.Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: {
        PASSWORD_LENGTH: '40',
        INCLUDE_SPACE: 'false',
        COPY_MEMBERS: 'url,dsn',
        REPLICA_WAIT: '60',
        ASSUME_ROLE_ARN: 'arn:aws:iam::111111111111:role/a',
        TEST_SQL: assertions.Match.absent(),
      },
    },
  });
});

test('one Monitoring is for functions with one prefix', () => {
  const stack = new Stack(new App(), 'S');
  const functions = [rotationIn(stack), rotationIn(stack, { namePrefix: 'second-' })];
  assert.throws(() => new Monitoring(stack, 'Monitoring', { functions, release: release() }), /one name prefix/);
});
