package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"sort"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	chart "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/cli/values"
	release "helm.sh/helm/v4/pkg/release/v1"
)

func init() { register("chart", renderChart) }

// maxStack makes a template without end cost little before it ends the program.
const maxStack = 128 << 20

// A chartRequest is a chart in memory and what the command line says of it.
type chartRequest struct {
	// Path and content of each file.
	Files [][2][]byte
	// The values files by name, relative to Directory.
	Values                              []string
	Set, SetString, SetJSON, SetLiteral []string
	SetFile                             []string
	Directory                           string
	Release, Namespace, KubeVersion     string
	HelmVersion                         string
	APIVersions                         []string
	IsUpgrade, SkipValidation           bool
}

// renderChart does what `helm template` does to a chart. The answer has the manifest, the hooks and the notes or an error, whether
// there was a release with the error, and the lines of the log.
func renderChart(in json.RawMessage) (any, error) {
	debug.SetMaxStack(maxStack)
	var request chartRequest
	if err := json.Unmarshal(in, &request); err != nil {
		return nil, err
	}
	var log bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
			if attribute.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attribute
		},
	})))
	rel, err := request.run()
	reply := map[string]any{}
	if err != nil {
		reply["error"] = encode(err.Error())
		reply["partial"] = rel != nil
	} else {
		reply["manifest"] = encode(rel.Manifest)
		reply["notes"] = encode(rel.Info.Notes)
		hooks := []string{}
		for _, hook := range rel.Hooks {
			hooks = append(hooks, encode(fmt.Sprintln(hook.Path, hook.Kind, hook.Name, hook.Events, hook.Weight, hook.DeletePolicies, hook.OutputLogPolicies)+hook.Manifest))
		}
		reply["hooks"] = hooks
	}
	lines := strings.SplitAfter(log.String(), "\n")
	sort.Strings(lines)
	reply["log"] = encode(strings.Join(lines, ""))
	return reply, nil
}

// run installs as a dry run on the client's side, as the command does.
func (r *chartRequest) run() (*release.Release, error) {
	// Helm's own build sets it by the linker.
	common.DefaultCapabilities.HelmVersion.Version = r.HelmVersion
	client := action.NewInstall(action.NewConfiguration())
	client.DryRunStrategy = action.DryRunClient
	client.Replace = true
	client.ReleaseName, client.Namespace = r.Release, r.Namespace
	client.IsUpgrade, client.SkipSchemaValidation = r.IsUpgrade, r.SkipValidation
	client.APIVersions = common.VersionSet(r.APIVersions)
	if r.KubeVersion != "" {
		parsed, err := common.ParseKubeVersion(r.KubeVersion)
		if err != nil {
			return nil, fmt.Errorf("invalid kube version '%s': %w", r.KubeVersion, err)
		}
		client.KubeVersion = parsed
	}
	options := values.Options{
		StringValues: r.SetString, Values: r.Set, JSONValues: r.SetJSON, LiteralValues: r.SetLiteral, FileValues: r.SetFile,
	}
	for _, name := range r.Values {
		options.ValueFiles = append(options.ValueFiles, filepath.Join(r.Directory, name))
	}
	vals, err := options.MergeValues(nil)
	if err != nil {
		return nil, err
	}
	files := make([]*archive.BufferedFile, len(r.Files))
	for i, file := range r.Files {
		files[i] = &archive.BufferedFile{Name: string(file[0]), Data: file[1]}
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	accessor, err := chart.NewAccessor(loaded)
	if err != nil {
		return nil, err
	}
	switch kind := accessor.MetadataAsMap()["Type"]; kind {
	case "", "application":
	default:
		return nil, fmt.Errorf("%s charts are not installable", kind)
	}
	if accessor.Deprecated() {
		slog.Warn("this chart is deprecated")
	}
	if wanted := accessor.MetaDependencies(); len(wanted) > 0 {
		if err := action.CheckDependencies(loaded, wanted); err != nil {
			return nil, fmt.Errorf("an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies: %w", err)
		}
	}
	made, err := client.Run(loaded, vals)
	rel, _ := made.(*release.Release)
	return rel, err
}
