"""The login token that botocore makes, for what is given: HOST PORT ROLE REGION ACCESS_KEY SECRET_KEY SESSION_TOKEN DATE.

DATE is a token's X-Amz-Date, at which the signature is made.
"""

import datetime
import sys

import botocore.auth
import botocore.session
from botocore.compat import get_current_datetime
from botocore.credentials import Credentials
from botocore.signers import generate_db_auth_token

host, port, role, region, access, secret, session_token, date = sys.argv[1:]
moment = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")


def at_that_moment(remove_tzinfo=True):
    return moment if remove_tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


assert get_current_datetime is botocore.auth.get_current_datetime
botocore.auth.get_current_datetime = at_that_moment
session = botocore.session.Session()
session._credentials = Credentials(access, secret, session_token)
client = session.create_client("rds", region_name=region)
print(generate_db_auth_token(client, host, int(port), role, Region=region))
