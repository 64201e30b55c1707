package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"text/template"

	"github.com/Masterminds/semver/v3"
	"github.com/Masterminds/sprig/v3"
)

func init() {
	ops["sprig"] = runSprig
	ops["semver"] = runSemver
	ops["certificate"] = runCertificate
	ops["key"] = runKey
	ops["signatures"] = runSignatures
}

// sprigFunctions are sprig's as Helm has them.
func sprigFunctions() template.FuncMap {
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	return functions
}

// runSprig executes a text with sprig's functions.
func runSprig(raw json.RawMessage) any {
	var request struct {
		Text []byte
		Data json.RawMessage
	}
	must(json.Unmarshal(raw, &request))
	t, err := template.New("t").Option("missingkey=zero").Funcs(sprigFunctions()).Parse(string(request.Text))
	if err != nil {
		return answer{Err: []byte(err.Error())}
	}
	var out bytes.Buffer
	if err := t.Execute(&out, decode(request.Data)); err != nil {
		return answer{Err: []byte(err.Error())}
	}
	return answer{Out: out.Bytes()}
}

// runSignatures tells the Go type of every function.
func runSignatures(json.RawMessage) any {
	types := map[string]string{}
	for name, function := range sprigFunctions() {
		types[name] = fmt.Sprintf("%T", function)
	}
	return types
}

// runSemver checks a version against a constraint.
func runSemver(raw json.RawMessage) any {
	var request struct{ Constraint, Version string }
	must(json.Unmarshal(raw, &request))
	constraint, err := semver.NewConstraint(request.Constraint)
	if err != nil {
		return "constraint: " + err.Error()
	}
	version, err := semver.NewVersion(request.Version)
	if err != nil {
		return "version: " + err.Error()
	}
	return fmt.Sprint(constraint.Check(version), " ", version)
}

// runKey reads a private key in any form and tells what it is.
func runKey(raw json.RawMessage) any {
	var request struct{ Key []byte }
	must(json.Unmarshal(raw, &request))
	block, rest := pem.Decode(request.Key)
	if block == nil || len(rest) > 0 {
		return "no PEM"
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return fmt.Sprint(block.Type, " ", key.N.BitLen(), " ", key.Validate())
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return fmt.Sprint(block.Type, " ", key.Params().Name)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	return fmt.Sprintf("%s %T %v", block.Type, key, err)
}

// runCertificate describes a certificate without its random parts, after checking that it and its key belong together and
// that an authority vouches for it.
func runCertificate(raw json.RawMessage) any {
	var request struct{ Cert, Key, Authority []byte }
	must(json.Unmarshal(raw, &request))
	if _, err := tls.X509KeyPair(request.Cert, request.Key); err != nil {
		return err.Error()
	}
	block, _ := pem.Decode(request.Cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err.Error()
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(request.Authority) {
		return "no authority"
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		return err.Error()
	}
	extensions := ""
	for _, extension := range cert.Extensions {
		extensions += fmt.Sprint(extension.Id, extension.Critical, " ")
	}
	return fmt.Sprintf("%v %v %v %v %v %v %v %v %v %v %d %s %v %q %v", cert.Version, cert.SignatureAlgorithm,
		cert.PublicKeyAlgorithm, cert.Subject, cert.Issuer, cert.KeyUsage, cert.ExtKeyUsage, cert.IsCA, cert.DNSNames,
		cert.IPAddresses, cert.MaxPathLen, cert.NotAfter.Sub(cert.NotBefore), cert.BasicConstraintsValid, cert.RawSubject, extensions)
}
