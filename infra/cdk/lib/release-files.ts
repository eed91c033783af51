import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';

/** Where the zip files of the functions are. */
export abstract class ReleaseFiles {
  /**
   * A directory with the zip files, such as target/lambda of `make build` or the release that scripts/fetch-release unpacked.
   * CDK uploads them as assets.
   */
  public static fromDirectory(directory: string): ReleaseFiles {
    return new Directory(directory);
  }

  /** A folder of a bucket in the stack's region, as scripts/upload printed it: CodeBucket and CodePrefix. */
  public static fromBucket(bucket: s3.IBucket, prefix: string): ReleaseFiles {
    return new Bucket(bucket, prefix);
  }

  /** The code of a function. `file` is the path of its zip file below the directory or the folder. */
  public abstract code(file: string): lambda.Code;
}

class Directory extends ReleaseFiles {
  public constructor(private readonly directory: string) {
    super();
  }

  public code(file: string): lambda.Code {
    return lambda.Code.fromAsset(path.join(this.directory, file));
  }
}

class Bucket extends ReleaseFiles {
  public constructor(
    private readonly bucket: s3.IBucket,
    private readonly prefix: string,
  ) {
    super();
  }

  public code(file: string): lambda.Code {
    return lambda.Code.fromBucketV2(this.bucket, `${this.prefix}/${file}`);
  }
}
