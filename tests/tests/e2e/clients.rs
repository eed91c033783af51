//! The aws command line, boto3 and psql.
