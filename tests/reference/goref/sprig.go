package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"text/template"

	"github.com/Masterminds/semver/v3"
	"github.com/Masterminds/sprig/v3"
)

func init() {
	register("sprig", runSprig)
	register("sprigSignatures", sprigSignatures)
	register("semver", checkVersion)
	register("certificate", describeCertificate)
	register("privateKey", describeKey)
}

// sprigFunctions are sprig's as Helm has them.
func sprigFunctions() template.FuncMap {
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	return functions
}

// runSprig executes a text with sprig's functions.
func runSprig(in json.RawMessage) (any, error) {
	var request struct {
		Text []byte
		Data json.RawMessage
	}
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	data, err := unpack(request.Data)
	if err != nil {
		return nil, err
	}
	t, err := template.New("t").Option("missingkey=zero").Funcs(sprigFunctions()).Parse(string(request.Text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, data)
	return out.Bytes(), err
}

// sprigSignatures tells the Go type of every function.
func sprigSignatures(json.RawMessage) (any, error) {
	types := map[string]string{}
	for name, function := range sprigFunctions() {
		types[name] = fmt.Sprintf("%T", function)
	}
	return types, nil
}

// checkVersion checks a version against a constraint.
func checkVersion(in json.RawMessage) (any, error) {
	var request struct{ Constraint, Version string }
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	constraint, err := semver.NewConstraint(request.Constraint)
	if err != nil {
		return "constraint: " + err.Error(), nil
	}
	version, err := semver.NewVersion(request.Version)
	if err != nil {
		return "version: " + err.Error(), nil
	}
	return fmt.Sprint(constraint.Check(version), " ", version), nil
}

// describeKey reads a private key in any form and tells what it is.
func describeKey(in json.RawMessage) (any, error) {
	var request struct{ Key []byte }
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	block, rest := pem.Decode(request.Key)
	if block == nil || len(rest) > 0 {
		return nil, errors.New("no PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return fmt.Sprint(block.Type, " ", key.N.BitLen(), " ", key.Validate()), nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return fmt.Sprint(block.Type, " ", key.Params().Name), nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	return fmt.Sprintf("%s %T", block.Type, key), err
}

// describeCertificate describes a certificate without its random parts, after checking that it and its key belong together and
// that an authority vouches for it.
func describeCertificate(in json.RawMessage) (any, error) {
	var request struct{ Cert, Key, Authority []byte }
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	if _, err := tls.X509KeyPair(request.Cert, request.Key); err != nil {
		return nil, err
	}
	block, _ := pem.Decode(request.Cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(request.Authority) {
		return nil, errors.New("no authority")
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		return nil, err
	}
	extensions := ""
	for _, extension := range cert.Extensions {
		extensions += fmt.Sprint(extension.Id, extension.Critical, " ")
	}
	return fmt.Sprintf("%v %v %v %v %v %v %v %v %v %v %d %s %v %q %v", cert.Version, cert.SignatureAlgorithm,
		cert.PublicKeyAlgorithm, cert.Subject, cert.Issuer, cert.KeyUsage, cert.ExtKeyUsage, cert.IsCA, cert.DNSNames,
		cert.IPAddresses, cert.MaxPathLen, cert.NotAfter.Sub(cert.NotBefore), cert.BasicConstraintsValid, cert.RawSubject, extensions), nil
}
