// Synthesises the stacks that `make infra-check` lints, deploys into moto and evaluates. Reads {"stacks": {name: values}} and answers with
// {name: template}. The values have the names of the Terraform module's variables.
const { readFileSync } = require('node:fs');
const { App, CfnParameter, Fn, LegacyStackSynthesizer, Stack, aws_ec2, aws_iam, aws_kms, aws_lambda, aws_s3, aws_secretsmanager } = require('aws-cdk-lib');
const { AlternatingUsersRotation, ApiKeyRotation, Monitoring, ReleaseFiles, RotatedSecret, SingleUserRotation } = require('..');

/** A stack with everything. */
function stackOf(app, name, values) {
  const stack = new Stack(app, name, { synthesizer: new LegacyStackSynthesizer() });
  const secretOf = (arn, index) => aws_secretsmanager.Secret.fromSecretCompleteArn(stack, `Secret${arn.slice(-30)}${index}`, arn);
  const keyOf = (arn) => stack.node.tryFindChild(arn.slice(-36)) ?? aws_kms.Key.fromKeyArn(stack, arn.slice(-36), arn);
  const release = ReleaseFiles.fromBucket(aws_s3.Bucket.fromBucketName(stack, 'Code', values.code_bucket), values.code_prefix);
  const subnets = new CfnParameter(stack, 'VpcSubnetIds', { type: 'CommaDelimitedList' }).valueAsList;
  const vpc = aws_ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: new CfnParameter(stack, 'VpcId').valueAsString,
    availabilityZones: ['a', 'b'],
    privateSubnetIds: [Fn.select(0, subnets), Fn.select(1, subnets)],
  });
  const shared = {
    release,
    vpc,
    secretNamePrefix: values.secret_name_prefix,
    secretKeys: values.kms_key_arns.map(keyOf),
    secretsAccount: values.secrets_account_id,
    assumeRoles: values.assume_roles,
    environmentKey: keyOf(values.environment_kms_key_arn),
    logKey: keyOf(values.kms_key_arns[0]),
    onFailureDestinationArn: values.on_failure_destination_arn,
    tracing: aws_lambda.Tracing.ACTIVE,
  };
  const postgres = {
    ...shared,
    superuserSecrets: values.superuser_secret_arns.map(secretOf),
    superuserSecretKeys: values.superuser_secret_kms_key_arns.map(keyOf),
    adminDbUserArns: values.admin_db_user_arns,
  };
  const functions = [
    new SingleUserRotation(stack, 'SingleUser', { ...postgres, mayUseSuperuser: values.single_user_may_use_superuser }),
    new AlternatingUsersRotation(stack, 'AlternatingUsers', postgres),
    new ApiKeyRotation(stack, 'ApiKey', {
      ...shared,
      adminSecrets: Object.fromEntries(Object.entries(values.admin_secrets).map(([name, arn]) => [name, secretOf(arn, name)])),
      iamUserArns: values.iam_user_arns,
    }),
  ];
  functions[0].connections.allowTo(aws_ec2.Peer.anyIpv4(), aws_ec2.Port.tcp(5432), 'to the databases');
  const { secretKeys, secretsAccount, environmentKey, logKey, tracing } = shared;
  const monitoring = new Monitoring(stack, 'Monitoring', { functions, release, secretKeys, secretsAccount, environmentKey, logKey, tracing });
  stack.exportValue(monitoring.onCallPolicy.managedPolicyArn, { name: `${name}-OnCallPolicyArn` });
  if (values.has_secrets) rotated(stack, functions);
  return stack;
}

/** A secret that is made with its rotation, and one that gets it by CDK's own method. */
function rotated(stack, [singleUser, alternatingUsers]) {
  const secretStringValue = undefined;
  new RotatedSecret(stack, 'Orders', { secretName: 'myapp/prod/cdk/orders', rotation: singleUser, secretStringValue });
  const stock = new aws_secretsmanager.Secret(stack, 'Stock', { secretName: 'myapp/prod/cdk/stock' });
  stock.addRotationSchedule('Rotation', { rotationLambda: alternatingUsers, rotateImmediatelyOnUpdate: false });
}

/** The templates of the stacks, by name. */
function templates(stacks) {
  const app = new App({ analyticsReporting: false });
  for (const [name, values] of Object.entries(stacks)) stackOf(app, name, values);
  const assembly = app.synth();
  return Object.fromEntries(Object.keys(stacks).map((name) => [name, assembly.getStackByName(name).template]));
}

module.exports = { stackOf, templates };

if (require.main === module) {
  process.stdout.write(JSON.stringify(templates(JSON.parse(readFileSync(0, 'utf8')).stacks)));
}
