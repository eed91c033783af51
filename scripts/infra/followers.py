"""The role of infra/examples/copy-to-followers.yaml: it reads the leader, writes the followers that are tagged so, and nothing else."""

import policies
from policies import ADMIN_KEY, KEY, KEY_POLICY, OWN, VIA, Row

WHO = "who copies to followers"
FOLLOWER, OTHER = policies.secret("reports/db"), policies.secret("stock/db")
PARAMETERS = {"LeaderArn": OWN, "FollowerArns": f"{FOLLOWER},{policies.secret('jobs/db')}", "KmsKeyArns": KEY}
WRITES = {"DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"}
TAG = "aws:ResourceTag/keywheel:leader"


def rows():
    """The table, not yet evaluated."""
    for target, arn, leader, wanted in (
        ("the leader", OWN, None, {"GetSecretValue"}),
        ("a follower", FOLLOWER, OWN, WRITES),
        ("a follower without the tag", FOLLOWER, None, set()),
        ("a follower of another leader", FOLLOWER, OTHER, set()),
        ("another secret with the tag", OTHER, OWN, set()),
    ):
        yield Row(WHO, target, arn, "secretsmanager", wanted, {TAG: leader} if leader else {}, by_code=False)
    for target, key, arn, wanted in (
        ("the key, for the leader", KEY, OWN, {"Decrypt", "GenerateDataKey"}),
        ("the key, for a follower", KEY, FOLLOWER, {"Decrypt", "GenerateDataKey"}),
        ("the key, for another secret", KEY, OTHER, set()),
        ("another key", ADMIN_KEY, OWN, set()),
    ):
        context = {"kms:ViaService": VIA, "kms:EncryptionContext:SecretARN": arn}
        yield Row(WHO, target, key, "kms", wanted, context, resource_policy=KEY_POLICY, by_code=False)
