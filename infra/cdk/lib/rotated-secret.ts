import { Token } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { RotationFunction, RotationScheduleOptions } from './rotation-function';

/** A secret that is rotated. */
export interface RotatedSecretProps extends secretsmanager.SecretProps {
  /** The function that rotates it. */
  readonly rotation: RotationFunction;
  /**
   * When.
   * @default - every 30 days; a test rotation at first
   */
  readonly schedule?: RotationScheduleOptions;
}

/** A secret that is rotated by a function. */
export class RotatedSecret extends secretsmanager.Secret {
  /** The schedule. */
  public readonly schedule: secretsmanager.RotationSchedule;

  constructor(scope: Construct, id: string, props: RotatedSecretProps) {
    const { rotation, schedule, ...rest } = props;
    super(scope, id, rest);
    // The name of a secret that is made here is a token by now, so that `rotate` cannot compare it.
    if (props.secretName !== undefined && !Token.isUnresolved(props.secretName) && !props.secretName.startsWith(rotation.secretNamePrefix)) {
      throw new Error(`${this.node.path}: the function may reach secrets below ${rotation.secretNamePrefix} only; the secret's name is ${props.secretName}`);
    }
    this.schedule = rotation.rotate('Rotation', this, schedule);
  }
}
