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

/// An element of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let head = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content].concat()
}

/// A key in PKCS #8: the identifier of its algorithm, its parameters, the key.
fn wrapped(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
    der(0x30, &[&der(2, &[&[0]]), &der(0x30, &[&der(6, &[algorithm]), parameters]), &der(4, &[key])])
}

fn pem(label: &str, bytes: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64(bytes).as_str().unwrap())
}

/// Keys of all kinds, damaged, under all names.
#[test]
fn malformed_keys_are_named_as_by_go() {
    const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
    const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1];
    const P256: &[u8] = &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
    const LABELS: [&str; 6] =
        ["RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "PRIVATE KEY", "OTHER PRIVATE KEY", "KEY"];
    let mut both = Both::start();
    let certificate = both.go(r#"{{ (genCA "a" 1).Cert | b64enc }}"#).unwrap();
    let mut content = |expression: &str| {
        let pem = both.go(expression).unwrap();
        let data: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        unbase64(&data)
    };
    let rsa = content(r#"{{ (genCA "a" 1).Key }}"#);
    let (ec, dsa) = (content(r#"{{ genPrivateKey "ecdsa" }}"#), content(r#"{{ genPrivateKey "dsa" }}"#));
    let ed25519 = content(r#"{{ genPrivateKey "ed25519" }}"#);
    let nameless = der(0x30, &[&der(2, &[&[1]]), &der(4, &[&[7; 32]])]);
    let null = der(5, &[]);
    let secret = |bytes: &[u8]| der(0x30, &[&der(2, &[&[1]]), &der(4, &[bytes]), &der(0xA0, &[P256])]);
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&order[2 * i..2 * i + 2], 16).unwrap()).collect();
    let keys = [
        rsa.clone(),
        ec.clone(),
        dsa,
        ed25519,
        wrapped(RSA, &null, &rsa),
        wrapped(EC, P256, &nameless),
        wrapped(EC, &null, &ec),
        wrapped(&[0x2B, 0x65, 0x6E], &[], &der(4, &[&[9; 32]])),
        wrapped(&[0x2B, 0x65, 0x6E], &[], &der(4, &[&[9; 31]])),
        wrapped(&[0x2B, 0x65, 0x70], &null, &der(4, &[&[9; 32]])),
        wrapped(&[0x2B, 0x65, 0x70], &[], &der(4, &[&[9; 33]])),
        wrapped(&[0x2A, 3, 0x88, 1], &[], &[]),
        wrapped(&[0x88, 0x37], &[], &[]),
        secret(&[0; 32]),
        secret(&[0xFF; 32]),
        secret(&order),
        secret(&[0, 0, 5]),
        secret(&[[0; 8], [1; 8], [1; 8], [1; 8], [1; 8]].concat()),
        secret(&[1; 33]),
        Vec::new(),
    ];
    let mut random = Random::new();
    let mut texts = Vec::new();
    for key in &keys {
        let mut forms = vec![key.clone(), [key.as_slice(), &[0]].concat()];
        // The first bytes are heads, where there is most to say.
        for at in 0..key.len().min(40) {
            for byte in [0, 1, 2, 0x1F, 0x30, 0x7F, 0x80, 0x84, 0xA0, 0xFF] {
                if random.once_in(4) {
                    forms.push(key.clone());
                    forms.last_mut().unwrap()[at] = byte;
                }
            }
        }
        for _ in 0..40 {
            let mut form = key.clone();
            for _ in 0..=random.below(2) {
                let at = random.below(form.len().max(1));
                match random.below(3) {
                    0 => form.truncate(at),
                    1 if at < form.len() => drop(form.remove(at)),
                    _ => form.insert(at.min(form.len()), random.next() as u8),
                }
            }
            forms.push(form);
        }
        for form in forms {
            let label = LABELS[if random.once_in(4) { random.below(LABELS.len()) } else { random.below(4) }];
            texts.push(pem(label, &form));
        }
        texts.extend(LABELS.map(|label| pem(label, key)));
    }
    // The text itself.
    for _ in 0..300 {
        let text = pem("EC PRIVATE KEY", &ec).into_bytes();
        let text = support::documents::mutate(&mut random, text);
        texts.push(String::from_utf8_lossy(&text).into_owned());
    }
    for text in texts {
        let key = base64(&text);
        both.compare(&format!("{{{{ buildCustomCert \"{certificate}\" {key} | typeOf }}}}"));
    }
    both.differences.finish();
}
