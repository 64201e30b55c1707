//! Keys, certificates, passwords.

use super::*;

/// The random parts of keys and certificates differ; what Go reads in them must not.
#[test]
fn keys_and_certificates_are_what_go_makes() {
    const EXPRESSIONS: &[(&str, &str)] = &[
        (r"$ca", r#"{{ $ca := genCA "my-ca" 365 }}"#),
        (r"$ca", r#"{{ $ca := genCAWithKey "*.example.com" 3650 (genPrivateKey "ecdsa") }}"#),
        (r"$ca", r#"{{ $ca := genCAWithKey "ed" 10000 (genPrivateKey "ed25519") }}"#),
        (
            r"$c",
            r#"{{ $ca := genCA "my-ca" 365 }}{{ $c := genSignedCert "svc" (list "10.0.0.1" "::1") (list "a.b" "c") 30 $ca }}"#,
        ),
        (
            r"$c",
            r#"{{ $ca := genCAWithKey "x" 365 (genPrivateKey "ecdsa") }}{{ $c := genSignedCertWithKey "Ünï" nil (list "a") 30 $ca (genPrivateKey "ed25519") }}"#,
        ),
        (r"$c", r#"{{ $c := genSelfSignedCert "self" (list "1.2.3.4") (list "h") 1 }}{{ $ca := $c }}"#),
        (r"$c", r#"{{ $c := genSelfSignedCertWithKey "" nil (list "h") 365 (genPrivateKey "ecdsa") }}{{ $ca := $c }}"#),
        (r"$c", r#"{{ $ca := genCA "my-ca" 365 }}{{ $c := buildCustomCert (b64enc $ca.Cert) (b64enc $ca.Key) }}"#),
    ];
    let mut both = Both::start();
    for (variable, template) in EXPRESSIONS {
        let template = format!(
            "{template}{{{{ {variable}.Cert }}}}|{{{{ {variable}.Key }}}}|{{{{ $ca.Cert }}}}|{{{{ kindOf $ca }}}}{{{{ typeOf $ca }}}}"
        );
        let describe = |answer: Rendered, go: &mut Reference| {
            let text = answer.unwrap();
            let parts: Vec<_> = text.split('|').collect();
            let bytes = |index: usize| base64(parts[index]);
            (
                parts[3].to_owned(),
                ask(go, "certificate", json!({"cert": bytes(0), "key": bytes(1), "authority": bytes(2)})),
            )
        };
        let (go, ours) = (both.go(&template), both.ours(&template));
        let (go, ours) = (describe(go, &mut both.go), describe(ours, &mut both.go));
        assert!(go.1.as_str().unwrap().contains("CN=") || template.contains("\"\""), "{go:?}");
        both.differences.compare(&template, &go, &ours);
    }
    for kind in ["ecdsa", "ed25519"] {
        let template = format!("{{{{ genPrivateKey \"{kind}\" }}}}");
        let (go, ours) = (both.go(&template), both.ours(&template));
        let mut describe = |key: Rendered| ask(&mut both.go, "privateKey", json!({"key": base64(key.unwrap())}));
        let (go, ours) = (describe(go), describe(ours));
        both.differences.compare(&template, &go, &ours);
    }
    both.differences.finish();
}

#[test]
fn passwords_and_encryption_agree() {
    let mut both = Both::start();
    for kind in ["maximum", "long", "medium", "short", "basic", "pin", "nope"] {
        both.compare(&format!(r#"{{{{ derivePassword 1 "{kind}" "password" "user" "example.com" }}}}"#));
    }
    both.compare(r#"{{ derivePassword -1 "long" "password" "user" "example.com" }}"#);
    both.compare(r#"{{ derivePassword (int 1) "long" "password" "user" "example.com" }}"#);
    let encrypted = both.go(r#"{{ encryptAES "secret" "plain text" }}"#).unwrap();
    both.compare(&format!(r#"{{{{ decryptAES "secret" "{encrypted}" }}}}"#));
    let encrypted = both.ours(r#"{{ encryptAES "secret" "plain text" }}"#).unwrap();
    both.compare(&format!(r#"{{{{ decryptAES "secret" "{encrypted}" }}}}"#));
    for bad in ["", "AAAA", "!", "MTIzNDU2Nzg5MDEyMzQ1Ng==", "MTIzNDU2Nzg5MDEyMzQ1Njc4"] {
        both.compare(&format!(r#"{{{{ decryptAES "secret" "{bad}" }}}}"#));
    }
    let errors = [
        r#"{{ genCAWithKey "a" 1 "x" }}"#,
        r#"{{ genSelfSignedCert "a" (list 1) nil 1 }}"#,
        r#"{{ genSelfSignedCert "a" (list "1.2.3") nil 1 }}"#,
        r#"{{ genSelfSignedCert "a" nil (list 5) 1 }}"#,
        r#"{{ genSelfSignedCert "a" nil "b" 1 }}"#,
        r#"{{ genSignedCert "a" nil nil 1 "x" }}"#,
        r#"{{ buildCustomCert "!" "!" }}"#,
        r#"{{ buildCustomCert "" "!" }}"#,
        r#"{{ buildCustomCert "" "" }}"#,
        r#"{{ genPrivateKey "nope" }}"#,
        r#"{{ genCAWithKey "a" 1 "-----BEGIN NONSENSE-----\nMAA=\n-----END NONSENSE-----\n" }}"#,
        r#"{{ genCAWithKey "a" 1 "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n" }}"#,
        r#"{{ genCAWithKey "a" 1 "" }}"#,
        r#"{{ genSelfSignedCertWithKey "a" nil nil 1 "x" }}"#,
        r#"{{ genSelfSignedCertWithKey "a" (list "1.2.3") nil 1 "x" }}"#,
        r#"{{ $ca := genCA "a" 1 }}{{ genSignedCertWithKey "a" nil nil 1 $ca "x" }}"#,
        r#"{{ $ca := genCA "a" 1 }}{{ genSignedCert "a" (list "x") nil 1 $ca }}"#,
        r#"{{ $ca := genCA "a" 1 }}{{ genSignedCert "a" nil (list nil) 1 $ca }}"#,
        r#"{{ $ca := genCA "a" 1 }}{{ buildCustomCert (b64enc $ca.Cert) (b64enc "x") }}"#,
        r#"{{ $ca := genCA "a" 1 }}{{ buildCustomCert (b64enc "x") (b64enc $ca.Key) }}"#,
        r#"{{ $ca := genCA "a" 1 }}{{ buildCustomCert (b64enc $ca.Key) (b64enc $ca.Key) }}"#,
        r#"{{ $ca := genCA "a" 1 }}{{ buildCustomCert (b64enc $ca.Cert) (b64enc $ca.Cert) | typeOf }}"#,
        r#"{{ buildCustomCert (b64enc "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n") "" }}"#,
        r#"{{ buildCustomCert (b64enc "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n") "" }}"#,
        r#"{{ genCA "a" -1 | typeOf }}{{ genCA "" 0 | kindOf }}"#,
        r"{{ genCA 1 2 }}",
        r#"{{ genCA "a" "b" }}"#,
        r#"{{ (genCA "a" 1).Nope }}"#,
        r#"{{ (genCA "a" 1).Cert "x" }}"#,
        r#"{{ derivePassword 1 "pin" "p" "u" }}"#,
        r#"{{ derivePassword 1 "" "" "" "" }}"#,
        r#"{{ derivePassword 4294967295 "long" "p" "u" "s" }}{{ derivePassword 4294967296 "long" "p" "u" "s" }}"#,
        r#"{{ encryptAES "" "x" | len }}{{ encryptAES "k" "" | len }}"#,
        r#"{{ bcrypt (repeat 73 "x") }}"#,
        r#"{{ htpasswd "a" (repeat 73 "x") }}"#,
        r#"{{ htpasswd "a" "b" "c" }}"#,
        r"{{ randInt 5 1 }}",
        r#"{{ shuffle "" }}{{ shuffle "a" }}{{ len (shuffle "abc") }}"#,
        r"{{ genPrivateKey 1 }}{{ genPrivateKey }}",
        r#"{{ htpasswd "a:b" "c" }}"#,
        r"{{ randInt 5 5 }}",
        r"{{ randAlpha -1 }}{{ randAlpha 0 }}",
        r"{{ randBytes -1 }}",
        r#"{{ len (bcrypt "x") }} {{ len (uuidv4) }} {{ len (randAscii 9) }} {{ randInt 3 4 }}"#,
    ];
    for template in errors {
        both.compare(template);
    }
    both.differences.finish();
}
