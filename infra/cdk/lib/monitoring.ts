import { Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { functionArn, NAMES, placeOf, policy, render } from './policies';
import { ReleaseFiles } from './release-files';
import { RotationFunction } from './rotation-function';

/** What can be set on the monitoring. */
export interface MonitoringProps {
  /** The rotation functions, which have one name prefix. */
  readonly functions: RotationFunction[];
  /** The zip files. */
  readonly release: ReleaseFiles;
  /**
   * The topic that alarms notify.
   * @default - you see the alarms in CloudWatch only
   */
  readonly alarmTopic?: sns.ITopic;
  /**
   * A rotation is stuck if it has not ended after so long. Secrets Manager's own retries take a while.
   * @default Duration.hours(2)
   */
  readonly stuckAfter?: Duration;
  /**
   * A rotation is overdue so long after its time.
   * @default Duration.hours(24)
   */
  readonly overdueAfter?: Duration;
  /**
   * Where your copy of docs/runbook is. The alarms name it.
   * @default - they name the page in the repository
   */
  readonly runbookUrl?: string;
  /**
   * The customer managed keys of the secrets, which people on call may look at.
   * @default - none
   */
  readonly secretKeys?: kms.IKey[];
  /**
   * The account that has the secrets.
   * @default - the stack's
   */
  readonly secretsAccount?: string;
  /**
   * The watcher's architecture.
   * @default - arm64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * The watcher's memory, in MB.
   * @default 128
   */
  readonly memorySize?: number;
  /**
   * Whether Lambda sends a trace of each of the watcher's invocations to X-Ray.
   * @default lambda.Tracing.PASS_THROUGH
   */
  readonly tracing?: lambda.Tracing;
  /**
   * The customer managed key that encrypts the watcher's environment variables.
   * @default - Lambda's own key
   */
  readonly environmentKey?: kms.IKey;
  /**
   * A permissions boundary for the watcher's role.
   * @default - none
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;
  /**
   * How long its log is kept.
   * @default - 90 days
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * The customer managed key that encrypts its log.
   * @default - CloudWatch's own key
   */
  readonly logKey?: kms.IKey;
}

// The codes whose page in docs/runbook says that applications are refused; those of the last three, after the password was changed.
const MAY_BE_LOCKED_OUT =
  '{ ($.Outcome = "failed") && (($.Code = "CurrentMissing") || ($.Code = "CurrentRefused") || ($.Code = "CurrentUnproven") || ($.Code = "KeyLost") || ($.Code = "KeyNotGivenBack") || ($.Code = "KeyUnproven") || ($.Code = "LoginRefused") || ($.Code = "OriginalMissing") || ($.Code = "RoleExpired") || ($.Code = "RoleMayNotLogIn") || ($.Code = "RolePowerful") || ($.Code = "RoleUnknown") || ((($.Step = "testSecret") || ($.Step = "finishSecret")) && (($.Code = "PermissionDenied") || ($.Code = "RoleNotAssumed") || ($.Code = "TestSqlFailed")))) }';

const WATCHED = {
  SecretsStuck: {
    name: 'secrets-stuck',
    description:
      "A rotation is late - AWSPENDING has been on a version of its own for a while. Whether anybody is locked out is not known from that; of a single user it may be so. The watcher's log names the secret, or the watcher is silent. docs/runbook/README.md, 'Is anybody locked out?', says how to find out",
  },
  SecretsOverdue: {
    name: 'secrets-overdue',
    description:
      "A rotation is late - a secret was not rotated when it was due. By itself that locks nobody out; a rotation that stopped half-way has the alarm secrets-stuck. The watcher's log names the secret, or the watcher is silent. docs/runbook/README.md, 'By symptom', has the way on",
  },
};

/** The watcher, which finds rotations that are stuck or overdue, the alarms, the dashboard, and a policy for people on call. */
export class Monitoring extends Construct {
  /** For people on call: it lets them find out what is wrong and change nothing. */
  public readonly onCallPolicy: iam.IManagedPolicy;
  /** Finds secrets whose rotation is stuck, overdue or stopped. */
  public readonly watcher: lambda.IFunction;

  private readonly topic?: sns.ITopic;
  private readonly prefix: string;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const prefixes = new Set(props.functions.map((one) => one.namePrefix));
    if (prefixes.size !== 1) throw new Error(`${this.node.path}: the functions need one name prefix; they have ${[...prefixes].join(', ') || 'none'}`);
    this.prefix = props.functions[0].namePrefix;
    this.topic = props.alarmTopic;
    for (const one of props.functions) this.alarmsOf(one, props.runbookUrl);
    const role = this.watcherRole(props);
    this.watcher = this.makeWatcher(props, role);
    for (const [metricName, { name, description }] of Object.entries(WATCHED)) {
      const dimensionsMap = { Function: this.watcher.functionName };
      const metric = new cloudwatch.Metric({ namespace: 'Keywheel', metricName, dimensionsMap, statistic: 'Maximum', period: Duration.minutes(30) });
      this.alarm(metricName, `${this.prefix}${name}`, description, metric, cloudwatch.TreatMissingData.BREACHING); // a watcher that is silent is no good sign
    }
    new cloudwatch.CfnDashboard(this, 'Dashboard', {
      dashboardName: `${this.prefix}rotations`,
      dashboardBody: render('dashboard.json.tftpl', { name_prefix: this.prefix, region: Stack.of(this).region }),
    });
    this.onCallPolicy = this.onCall(props, role);
  }

  /** The alarms of a rotation function. */
  private alarmsOf(rotation: RotationFunction, runbookUrl?: string): void {
    const name = rotation.fixedName;
    const page = (otherwise: string) => (runbookUrl ? `Its page is at ${runbookUrl}` : otherwise);
    const lockedOut = `A rotation step failed with a code that means that the value in AWSCURRENT may not log in. Applications may be locked out. The log has the error.code and the secret. ${page("docs/runbook/README.md, 'Is anybody locked out?', says how to find out")}`;
    const failed = `A rotation step failed, timed out or crashed. Secrets Manager retries it. If an application may be locked out, the alarm ${name}-may-be-locked-out says so, unless the step timed out or crashed. The log has the error.code. ${page('docs/runbook has a page for each')}`;
    new logs.MetricFilter(this, `${rotation.kind}-may-be-locked-out-filter`, {
      logGroup: rotation.rotationLogs,
      filterPattern: logs.FilterPattern.literal(MAY_BE_LOCKED_OUT),
      metricNamespace: 'Keywheel',
      metricName: 'MayBeLockedOut',
      metricValue: '1',
      unit: cloudwatch.Unit.COUNT,
      dimensions: { Function: '$.Function' },
    });
    const sum = { statistic: 'Sum', period: Duration.minutes(5) };
    const mayBe = { namespace: 'Keywheel', metricName: 'MayBeLockedOut', dimensionsMap: { Function: rotation.functionName } };
    this.alarm(`${rotation.kind}-may-be-locked-out`, `${name}-may-be-locked-out`, lockedOut, new cloudwatch.Metric({ ...mayBe, ...sum }));
    this.alarm(`${rotation.kind}-failed`, `${name}-failed`, failed, rotation.metricErrors(sum));
  }

  /** An alarm at anything above zero. */
  private alarm(
    id: string,
    alarmName: string,
    alarmDescription: string,
    metric: cloudwatch.IMetric,
    treatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
  ): void {
    const comparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD;
    const rule = { metric, threshold: 0, evaluationPeriods: 1, datapointsToAlarm: 1, comparisonOperator, treatMissingData };
    const alarm = new cloudwatch.Alarm(this, id, { alarmName, alarmDescription, ...rule });
    if (!this.topic) return;
    alarm.addAlarmAction(new actions.SnsAction(this.topic));
    alarm.addOkAction(new actions.SnsAction(this.topic));
  }

  private watcherRole(props: MonitoringProps): iam.Role {
    const stack = Stack.of(this);
    const function_name = `${this.prefix}watch`;
    const environment_kms_key_arn = props.environmentKey?.keyArn ?? 'none';
    const values = { ...placeOf(stack), function_name, function_arn: functionArn(stack, function_name), environment_kms_key_arn };
    const names = ['watch', ...(props.environmentKey ? ['environment-key'] : []), ...(props.tracing === lambda.Tracing.ACTIVE ? ['traces'] : [])];
    return new iam.Role(this, 'WatchRole', {
      description: 'What the watcher may do',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      permissionsBoundary: props.permissionsBoundary,
      inlinePolicies: Object.fromEntries(names.map((name) => [name, policy(name, values)])),
    });
  }

  private makeWatcher(props: MonitoringProps, role: iam.Role): lambda.Function {
    const functionName = `${this.prefix}watch`;
    const watcher = new lambda.Function(this, 'Watch', {
      functionName,
      description: 'Finds secrets whose rotation is stuck, overdue or stopped; reads no values',
      runtime: lambda.Runtime.PYTHON_3_13,
      handler: 'watch.handler',
      code: props.release.code('watch.zip'),
      architecture: props.architecture ?? lambda.Architecture.ARM_64,
      memorySize: props.memorySize ?? 128,
      timeout: Duration.minutes(2),
      role: role.withoutPolicyUpdates(),
      tracing: props.tracing ?? lambda.Tracing.PASS_THROUGH,
      environmentEncryption: props.environmentKey,
      environment: {
        ROTATION_FUNCTION_ARNS: NAMES.map((name) => functionArn(Stack.of(this), `${this.prefix}${name}`)).join(','),
        STUCK_AFTER_MINUTES: String((props.stuckAfter ?? Duration.hours(2)).toMinutes()),
        OVERDUE_AFTER_HOURS: String((props.overdueAfter ?? Duration.hours(24)).toHours()),
      },
      logGroup: new logs.LogGroup(this, 'WatchLogs', {
        logGroupName: `/aws/lambda/${functionName}`,
        retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
        encryptionKey: props.logKey,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      loggingFormat: lambda.LoggingFormat.JSON,
      applicationLogLevelV2: lambda.ApplicationLogLevel.INFO,
      systemLogLevelV2: lambda.SystemLogLevel.WARN,
    });
    Tags.of(watcher).add('keywheel', 'rotation');
    new events.Rule(this, 'EveryQuarterOfAnHour', {
      description: 'Looks for secrets whose rotation is stuck or overdue',
      schedule: events.Schedule.rate(Duration.minutes(15)),
      targets: [new targets.LambdaFunction(watcher)],
    });
    return watcher;
  }

  private onCall(props: MonitoringProps, watcherRole: iam.Role): iam.ManagedPolicy {
    const stack = Stack.of(this);
    const place = placeOf(stack);
    const log = (name: string) => `arn:${place.partition}:logs:${place.region}:${place.account}:log-group:/aws/lambda/${this.prefix}${name}:*`;
    const keys = (props.secretKeys ?? []).map((key) => key.keyArn);
    const prefixes = props.functions.map((one) => one.secretNamePrefix);
    const document = policy('on-call', {
      ...place,
      secrets_account: props.secretsAccount ?? place.account,
      secret_name_prefix: prefixes.every((one) => one === prefixes[0]) ? prefixes[0] : '',
      function_arns: NAMES.map((name) => functionArn(stack, `${this.prefix}${name}`)),
      role_arns: [...props.functions.map((one) => one.rotationRole), watcherRole].map((role) => role.roleArn),
      log_stream_arns: [...NAMES, 'watch'].map(log),
      described_key_arns: keys.length > 0 ? keys : [`arn:${place.partition}:kms:${place.region}:${place.account}:key/none`],
    });
    return new iam.ManagedPolicy(this, 'OnCallPolicy', {
      description: 'Lets people on call find out what is wrong with a rotation. It changes nothing and reads no secret value',
      document,
    });
  }
}
