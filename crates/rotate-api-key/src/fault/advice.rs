//! What to do about each fault, and whether to try again: one place for all of it.

use rotation::{Advice, Fault, Kind, Prospect};

use super::provider_fault::{ProviderFault as F, Reached, Unfit};
use crate::notation::template::Unfilled;

impl Fault for F {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn advice(&self) -> Advice<'_> {
        match self {
            F::ConfigurationInvalid { name, expected, .. } => {
                Advice::new(Kind::Configuration, format!("set {name} to {expected}, or remove it"))
            }
            F::ParameterUnknown { known, .. } => Advice::new(Kind::Configuration, format!("correct the name, or take it out; {known}")),
            F::ProviderDefinitionInvalid(_) => Advice::new(Kind::Configuration, "correct the definition, and deploy it again"),
            F::ProviderMissing => Advice::new(Kind::Secret, "name the provider: PROVIDER in the function's environment (or several there, and the tag keywheel:provider), or {\"keywheel\": {\"provider\": …}} in its value"),
            F::ProviderUnknown { known, .. } => Advice::new(Kind::Secret, format!("correct the name, or deploy the definition (PROVIDER_PATH); there are {known}")),
            F::TagNotAllowed { name } if name == "provider" => Advice::new(Kind::Configuration, "if people who may tag the secret may choose its provider, list the providers in the function's PROVIDER, with | between; otherwise write it into the secret's value ({\"keywheel\": {\"provider\": …}}), and remove the tag"),
            F::TagNotAllowed { name } => Advice::new(Kind::Configuration, format!("if people who may tag the secret may choose it, list what is allowed in PROVIDER_PARAMETERS ({name}=a|b); otherwise say it there ({name}=VALUE) or in the secret's value ({{\"keywheel\": {{\"{name}\": …}}}}), and remove the tag")),
            F::ParameterInvalid { parameter, allowed, .. } => Advice::new(Kind::Secret, format!("correct `{parameter}` ({allowed}): in PROVIDER_PARAMETERS, or, unless the definition leaves it to the function, in the secret (keywheel.{parameter}) or its tag keywheel:{parameter}")),
            F::ProviderCannotRotate { .. } => Advice::new(Kind::Configuration, "turn the rotation of this secret off, and replace its key by hand"),
            F::AdminSecretNotNamed { admin, .. } => Advice::new(Kind::Configuration, format!("add {admin}=ARN to ADMIN_SECRETS in the function's environment, and let its role read that secret")),
            F::AdminSecretUnusable { .. } => Advice::new(Kind::Secret, "store what the definition uses of it: the bare credential for {{ admin }}, a JSON object for {{ admin.member }}"),
            F::KeyOfAnotherAccount { expected, .. } => {
                Advice::new(Kind::Secret, format!("let it be {expected}, or name another provider"))
            }
            F::PendingNamesAnotherTarget { .. } => Advice::new(Kind::Rotation, "take AWSPENDING off that version (aws secretsmanager update-secret-version-stage), and start a new rotation"),
            F::OsGeneratorFailed(failed) => Advice::new(Kind::Internal, failed.remedy()),
            F::RequestUnfit { problem: Unfit::NoId { member, .. }, .. } => Advice::new(Kind::Secret, format!("write the key's id into the secret's member `{member}`")),
            F::RequestUnfit { problem: Unfit::Template(Unfilled::Undefined(name)), .. } if name.starts_with("admin") => Advice::new(Kind::Secret, format!("store it in the admin secret: {{{{ {name} }}}} is the member behind the dot; or correct the definition")),
            F::RequestUnfit { .. } => Advice::new(Kind::Secret, "see what the template uses: the secret, its tags, the admin secret, or the key itself lacks it, or it does not fit there"),
            F::ProviderAddressRefused { .. } => Advice::new(Kind::Network, "correct the host in the definition, or the name server: no provider has such an address"),
            F::ProviderUnreachable { again, reached: Reached::Provider, .. } => Advice::new(Kind::Network, "see whether the provider has a disturbance, or is slow (timeout-seconds in the definition, and the function's own time limit): the network let the request through").with(passing(*again)),
            F::ProviderUnreachable { again, reached: Reached::NoName, .. } => Advice::new(Kind::Network, "correct the host in the definition or its parameters, or let the function's VPC resolve names").with(passing(*again)),
            F::ProviderUnreachable { again, reached: Reached::Nothing, .. } => Advice::new(Kind::Network, "give the function network access to the provider: a VPC needs a NAT gateway or an endpoint, and the security groups must let the port through; then let Secrets Manager retry the rotation").with(passing(*again)),
            F::ProviderTlsFailed { .. } => Advice::new(Kind::Tls, "set PROVIDER_CA_BUNDLE if the provider's certificate is signed by an authority of your own; otherwise correct the host"),
            F::ProviderRedirected { .. } => Advice::new(Kind::Server, "correct the base in the definition: a credential is never sent on to where a redirect leads"),
            F::ProviderCredentialRefused { status: 403, .. } => Advice::new(Kind::Privilege, "give the credential that the call uses the right to do it (the admin secret, or the key itself)"),
            F::ProviderCredentialRefused { status: 400, .. } => Advice::new(Kind::Login, "replace the credential by which the token is asked for (the admin secret, or the key itself): a token endpoint answers a wrong one with status 400, too"),
            F::ProviderCredentialRefused { .. } => Advice::new(Kind::Login, "replace the credential that the call uses: the admin secret, or the key itself"),
            F::ProviderRefused { .. } | F::NotThere { .. } | F::ErrorInside { .. } => Advice::new(Kind::Server, "see the provider's words; correct the parameters, or the definition"),
            F::ProviderFailed { again, .. } => Advice::new(Kind::Server, "nothing, if it passes: Secrets Manager retries the rotation; otherwise see the provider's status page").with(passing(*again)),
            F::ProviderThrottled { .. } => Advice::new(Kind::Throttling, SPREAD).with(Prospect::Transient),
            F::NoTime { .. } => Advice::new(Kind::Throttling, SPREAD),
            F::ProviderAnswerUnusable { .. } => Advice::new(Kind::Server, "compare the definition with the provider's documentation: it, or the provider, has changed"),
            F::KeyRefused { .. } => Advice::new(Kind::Login, "if the key is young, raise settle-seconds in the definition; otherwise see whether it was revoked, and start a new rotation"),
            F::KeyGone { .. } => Advice::new(Kind::Login, "start a new rotation: this key is given up")
                .with(Prospect::PoisonedPending),
            F::KeyUnproven { provider, open } => {
                let all: Vec<_> = open.iter().map(|name| format!("{provider}.{name}=…")).collect();
                let all = all.join(", ");
                Advice::new(Kind::Login, format!("put a key that works into the secret, or let the function say it: {all} in PROVIDER_PARAMETERS"))
            }
            F::SecondKeyUnclear { .. } => Advice::new(Kind::Server, "see at the provider which of the two keys AWSCURRENT is: promote it if it is the second, or delete the second by hand; then let Secrets Manager retry the rotation"),
            F::KeyCheckUnclear { again: true, .. } => Advice::new(Kind::Server, "nothing, if it passes: Secrets Manager retries the rotation; the definition's [check] says that this status passes").with(Prospect::Transient),
            F::KeyCheckUnclear { again: false, .. } => Advice::new(Kind::Server, "correct what [check] of the definition asks for, or say there what this status means: healthy, dead, or again"),
            F::KeyLimitReached { ours, .. } => {
                Advice::new(Kind::Policy, format!("revoke a key that nothing uses; {ours}"))
            }
            F::RevocationNotShown { .. } => Advice::new(Kind::Server, "revoke it at the provider by hand, and correct [revoke] in the provider definition (a wrong path may answer like a key that is gone); if the provider only takes longer, raise retire.shown-within-seconds"),
            F::KeyNotListed { by_id: true, .. } => Advice::new(Kind::Server, "correct `name` in [list] of the provider definition; if the provider cuts long names, shorten `name` at its top"),
            F::KeyNotListed { .. } => Advice::new(Kind::Server, "correct [list] in the provider definition: the list is of other keys, `name` or `id` points elsewhere, or pages are missing; if the provider cuts long names, shorten `name` at its top; if it only lists the key later, raise settle-seconds"),
            F::KeyLeftAlive { remedy, .. } => Advice::new(Kind::Secret, remedy.as_str()),
            F::OverlapTooShort { .. } => Advice::new(Kind::Rotation, "rotate less often, or lower least-overlap-hours in the definition; nothing was changed"),
            // AWSPENDING comes off: each repetition would upload the refused value again.
            F::KeyGivenBack { .. } => Advice::new(Kind::Login, "find out what the provider makes of the value (a length it cuts off, characters it does not keep: PASSWORD_LENGTH, EXCLUDE_CHARACTERS), or raise settle-seconds in the definition; then start a new rotation").with(Prospect::PoisonedPending),
            F::KeyNotGivenBack { .. } => Advice::new(Kind::Login, "applications are refused now: let Secrets Manager retry the rotation, or set AWSCURRENT's value at the provider by hand"),
            F::KeyLost => Advice::new(Kind::Rotation, "start a new rotation, which makes a new key; if it comes again, see who else rotates this secret").with(Prospect::PoisonedPending),
        }
    }
}

const SPREAD: &str = "rotate fewer secrets of this provider at once: spread the schedules' windows";

/// The prospect of a failure that may be tried `again`, or not: the call may have been carried out.
fn passing(again: bool) -> Prospect {
    if again {
        Prospect::Transient
    } else {
        Prospect::Permanent
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
            F::ProviderRefused { call, status, words }.to_string()
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
            "create at p (h) was answered with status 202, which the definition does not call a success, saying: no room"
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
            fault.advice().remedy.into_owned()
        };
        let where_to = "in PROVIDER_PARAMETERS, or, unless the definition leaves it to the function, in the secret (keywheel.site) or its tag keywheel:site";
        for allowed in ["one of a, b", "its parameters are: a, b"] {
            assert_eq!(remedy(allowed), format!("correct `site` ({allowed}): {where_to}"));
        }
    }
}
