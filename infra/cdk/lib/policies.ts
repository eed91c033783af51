// The policies of the roles. They are the Terraform module's own templates, and `attached.json` says which belongs to which function, and when: one set of
// policies for both, which `make infra-check` evaluates.
import { readFileSync } from 'fs';
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { PostgresOptions, RotationOptions, SingleUserRotationProps, ApiKeyRotationProps } from './options';
import { adminSecretArns, arnOf } from './environment';

const SHARED = path.join(__dirname, '..', 'shared');

/** A template's values: text, or lists for `jsonencode`. */
export type Values = { [name: string]: string | string[] };

/** The three kinds of functions, by name. */
export type Name = 'rotate-postgres-single-user' | 'rotate-postgres-alternating-users' | 'rotate-api-key';

/** Every kind, whether a stack has it or not. */
export const NAMES: Name[] = ['rotate-postgres-single-user', 'rotate-postgres-alternating-users', 'rotate-api-key'];

/** The names of the stack that every ARN has. */
export function placeOf(stack: Stack): { partition: string; region: string; account: string } {
  return { partition: stack.partition, region: stack.region, account: stack.account };
}

/** The ARN of a function, known before the function is made: its role's policies name it. */
export function functionArn(stack: Stack, functionName: string): string {
  return `arn:${stack.partition}:lambda:${stack.region}:${stack.account}:function:${functionName}`;
}

/** The text of a shared template with its values: nothing but names and `jsonencode(name)`. */
export function render(file: string, values: Values): string {
  const text = readFileSync(path.join(SHARED, file), 'utf8');
  return text.replace(/\$\{(jsonencode\()?(\w+)\)?\}/g, (_, list: string | undefined, name: string) => {
    if (values[name] === undefined) throw new Error(`${file} asks for ${name}`);
    return list ? JSON.stringify(values[name]) : String(values[name]);
  });
}

/** One of the policies. */
export function policy(name: string, values: Values): iam.PolicyDocument {
  return iam.PolicyDocument.fromJson(JSON.parse(render(`policies/${name}.json.tftpl`, values)));
}

/** Everything that any function's props may have. */
export type AnyProps = RotationOptions & Partial<PostgresOptions & SingleUserRotationProps & ApiKeyRotationProps>;

/** The values of a function's policies. */
export function valuesOf(stack: Stack, functionName: string, props: AnyProps): Values {
  const place = placeOf(stack);
  return {
    ...place,
    secrets_account: props.secretsAccount ?? place.account,
    secret_name_prefix: props.secretNamePrefix ?? '',
    function_name: functionName,
    function_arn: functionArn(stack, functionName),
    kms_key_arns: (props.secretKeys ?? []).map((key) => key.keyArn),
    superuser_secret_arns: (props.superuserSecrets ?? []).map(arnOf),
    superuser_secret_kms_key_arns: (props.superuserSecretKeys ?? []).map((key) => key.keyArn),
    admin_db_user_arns: props.adminDbUserArns ?? [],
    api_key_admin_secret_arns: [...new Set(Object.values(adminSecretArns(props)))],
    iam_user_arns: props.iamUserArns ?? [],
    environment_kms_key_arn: props.environmentKey?.keyArn ?? 'none',
    on_failure_destination_arn: props.onFailureDestinationArn ?? 'none',
    first_role_arn: props.assumeRoles?.[0]?.roleArn ?? '',
  };
}

/** Which of the conditions in `attached.json` hold, as `present` in the Terraform module's roles.tf. */
function present(props: AnyProps): { [condition: string]: boolean } {
  const any = (list: unknown[] | undefined) => (list ?? []).length > 0;
  const readsHere = !any(props.assumeRoles);
  const superuser = readsHere && any(props.superuserSecrets);
  const describes = props.describeRds ?? true;
  const single = props.mayUseSuperuser ?? false;
  return {
    always: true,
    environment_key: props.environmentKey !== undefined,
    traces: props.tracing === 'Active',
    on_failure: props.onFailureDestinationArn !== undefined,
    reads_here: readsHere,
    assumes: !readsHere,
    keys: readsHere && any(props.secretKeys),
    superuser,
    superuser_tags: superuser && describes,
    superuser_key: superuser && any(props.superuserSecretKeys),
    single_superuser: single && superuser,
    single_superuser_tags: single && superuser && describes,
    single_superuser_key: single && superuser && any(props.superuserSecretKeys),
    single_admin_db_user: single && any(props.adminDbUserArns),
    single_describe_rds: single && describes,
    admin_db_user: any(props.adminDbUserArns),
    describe_rds: describes,
    api_key_admin: readsHere && any(Object.keys(props.adminSecrets ?? {})),
    iam_users: any(props.iamUserArns),
    in_vpc: props.vpc !== undefined,
    api_key_vpc: props.vpc !== undefined,
  };
}

/** The policies of a function's role, by name. */
export function policiesOf(stack: Stack, kind: Name, functionName: string, props: AnyProps): { [name: string]: iam.PolicyDocument } {
  const attached: { [policy: string]: string } = JSON.parse(readFileSync(path.join(SHARED, 'policies', 'attached.json'), 'utf8'))[kind];
  const holds = present(props);
  const values = valuesOf(stack, functionName, props);
  const names = Object.entries(attached).filter(([, condition]) => holds[condition]);
  return Object.fromEntries(names.map(([name]) => [name, policy(name, values)]));
}
