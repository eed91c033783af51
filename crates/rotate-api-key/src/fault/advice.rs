//! What to do about each cause.

use std::borrow::Cow;

use super::ProviderFault as F;

/// The remedy: lower case, no full stop.
pub(super) fn of(fault: &F) -> Cow<'_, str> {
    match fault {
        F::SettingInvalid { name, expected, .. } => format!("set {name} to {expected}, or remove it").into(),
        F::DescriptionInvalid(_) => "correct the description, and deploy it again".into(),
        F::ProviderMissing => {
            "name the provider: PROVIDER in the function's environment, the tag keywheel:provider of the secret, or {\"keywheel\": {\"provider\": …}} in its document".into()
        }
        F::ProviderUnknown { known, .. } => {
            format!("correct the name, or deploy the description (PROVIDER_PATH); there are {known}").into()
        }
        F::ParameterInvalid { parameter, allowed, .. } => format!(
            "correct `{parameter}` ({allowed}): in PROVIDER_PARAMETERS, or, unless the description leaves it to the function, in the secret (keywheel.{parameter}) or its tag keywheel:{parameter}"
        )
        .into(),
        F::CannotRotate { .. } => "turn the rotation of this secret off, and replace its key by hand".into(),
        F::AdminNotNamed { admin, .. } => {
            format!("add {admin}=ARN to ADMIN_SECRETS in the function's environment, and let its role read that secret").into()
        }
        F::AdminUnusable { .. } => {
            "store what the description uses of it: the bare credential for {{ admin }}, a JSON object for {{ admin.member }}".into()
        }
        F::Elsewhere { expected, .. } => format!("let it be {expected}, or name another provider").into(),
        F::Mismatch { .. } => {
            "take AWSPENDING off that version (aws secretsmanager update-secret-version-stage), and start a new rotation".into()
        }
        F::NoRandomness(failed) => failed.remedy().into(),
        F::RequestUnfit { .. } => "see what the template uses: the secret, its tags, the admin secret, or the key itself lacks it, or it does not fit there".into(),
        F::AddressRefused { .. } => "correct the host in the description, or the name server: no provider has such an address".into(),
        F::Unreachable { .. } => {
            "give the function a way to the provider: a VPC needs a NAT gateway or an endpoint, and the security groups must let the port through; then let the rotation be repeated".into()
        }
        F::TlsFailed { .. } => "set PROVIDER_CA_BUNDLE if the provider's certificate is signed by an authority of your own; otherwise correct the host".into(),
        F::Redirected { .. } => "correct the base in the description: a credential is never sent on to where a redirect leads".into(),
        F::CredentialRefused { status: 403, .. } => {
            "give the credential that the call uses the right to do it (the admin secret, or the key itself)".into()
        }
        F::CredentialRefused { .. } => "replace the credential that the call uses: the admin secret, or the key itself".into(),
        F::Refused { .. } | F::ErrorInside { .. } => "see the provider's words; correct the parameters, or the description".into(),
        F::Failed { .. } => "nothing, if it passes: Secrets Manager repeats the rotation; otherwise see the provider's status page".into(),
        F::Throttled { .. } | F::NoTime { .. } => "rotate fewer secrets of this provider at once: spread the schedules' windows".into(),
        F::AnswerUnusable { .. } => "compare the description with the provider's documentation: it, or the provider, has changed".into(),
        F::KeyGone { .. } => "start a new rotation: this key is given up".into(),
        F::KeyRefused { .. } => "if the key is young, raise settle-seconds in the description; otherwise see whether it was revoked, and start a new rotation".into(),
        F::Unproven { provider, open } => {
            let all: Vec<_> = open.iter().map(|name| format!("{provider}.{name}=…")).collect();
            format!("put a key that works into the secret, or let the function say it: {} in PROVIDER_PARAMETERS", all.join(", ")).into()
        }
        F::SecondKeyUnclear { .. } => {
            "see at the provider which of the two keys AWSCURRENT is: promote it if it is the second, or delete the second by hand; then let the rotation be repeated".into()
        }
        F::CheckUnclear { .. } => "say in the description's [check] what this status means: healthy, dead, or again".into(),
        F::LimitReached { ours, .. } => format!("revoke a key that nothing uses; {ours}").into(),
        F::OverlapTooShort { .. } => "rotate less often, or lower least-overlap-hours in the description; nothing was changed".into(),
        F::KeyLost => "start a new rotation, which makes a new key; if it comes again, see who else rotates this secret".into(),
    }
}

#[cfg(test)]
mod tests {
    use rotation::Fault;

    use super::*;

    #[test]
    fn a_refusal_inside_a_success_is_not_called_a_refusal_with_status_200() {
        let (call, words) = ("create at p (h)", "no room");
        let told = |status| {
            let (call, words) = (call.to_owned(), words.to_owned());
            F::Refused { call, status, words }.to_string()
        };
        let key = |status| F::KeyRefused {
            call: call.to_owned(),
            whose: "pending",
            status,
            words: words.to_owned(),
        };
        assert_eq!(
            told(409),
            "create at p (h) was refused with status 409, saying: no room"
        );
        assert_eq!(
            told(202),
            "create at p (h) was answered with status 202, which the description does not call a success, saying: no room"
        );
        assert_eq!(
            key(401).to_string(),
            "create at p (h): the pending key was refused with status 401, saying: no room"
        );
        assert_eq!(
            key(200).to_string(),
            "create at p (h): the answer says, with status 200, that the pending key is not accepted, saying: no room"
        );
    }

    #[test]
    fn a_parameter_has_a_remedy_whatever_is_wrong_with_it() {
        let remedy = |allowed: &str| {
            let fault = F::ParameterInvalid {
                provider: "p".to_owned(),
                parameter: "site".to_owned(),
                problem: "is not given".to_owned(),
                allowed: allowed.to_owned(),
            };
            fault.remedy().into_owned()
        };
        let where_to = "in PROVIDER_PARAMETERS, or, unless the description leaves it to the function, in the secret (keywheel.site) or its tag keywheel:site";
        for allowed in ["one of a, b", "its parameters are: a, b"] {
            assert_eq!(remedy(allowed), format!("correct `site` ({allowed}): {where_to}"));
        }
    }
}
