#!/usr/bin/env bash
# Builds a real Kubernetes control plane (kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, etcd, kwok)
# for tests and benchmarks, from the Go modules below test/support/kube. Needs Go and its module proxy; about eight
# minutes on two cores the first time, nothing when the cache has it. The versions are those of the go.mod files.
#
#   scripts/build-kube.sh      progress on stderr, the folder of the binaries on stdout
#
# ATOLL_KUBE_CACHE     where to keep them (default ${XDG_CACHE_HOME:-$HOME/.cache}/atoll/kube)
# KUBEBUILDER_ASSETS   a folder that has them already: checked, printed, never written
set -euo pipefail

programs=(kube-apiserver kube-controller-manager kube-scheduler kubectl etcd kwok)
modules=$(cd "$(dirname "${BASH_SOURCE[0]}")/../test/support/kube" && pwd)

say() { echo "build-kube: $*" >&2; }

missing_in() {
  local program
  for program in "${programs[@]}"; do [ -x "$1/$program" ] || echo "$program"; done
}

# version_of FOLDER MODULE: the version that FOLDER/go.mod requires, without its v
version_of() { awk -v module="$2" '{ sub(/^require /, "") } $1 == module { print substr($2, 2); exit }' "$modules/$1/go.mod"; }

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  lacking=$(missing_in "$KUBEBUILDER_ASSETS")
  if [ -n "$lacking" ]; then
    say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS lacks:" $lacking
    exit 1
  fi
  echo "$KUBEBUILDER_ASSETS"
  exit 0
fi

kubernetes=$(version_of kubernetes k8s.io/kubernetes)
etcd=$(version_of etcd go.etcd.io/etcd/server/v3)
kwok=$(version_of kwok sigs.k8s.io/kwok)
versions="kubernetes $kubernetes, etcd $etcd, kwok $kwok"
cache=${ATOLL_KUBE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/atoll/kube}
target=$cache/$kubernetes

if [ "$(cat "$target/VERSIONS" 2>/dev/null)" = "$versions" ] && [ -z "$(missing_in "$target")" ]; then
  say "$versions: already in $target"
  echo "$target"
  exit 0
fi
command -v go >/dev/null || { say 'no go on PATH; install Go 1.26 or set KUBEBUILDER_ASSETS'; exit 1; }

mkdir -p "$cache"
work=$(mktemp -d "$cache/.building.XXXXXX")
trap 'rm -rf "$work"' EXIT

# build FOLDER LDFLAGS PACKAGE...: one go build; each program lands in $work under its package's name
build() {
  local folder=$1 flags=$2 began=$SECONDS
  shift 2
  say "$folder: downloading modules"
  (cd "$modules/$folder" && go mod download)
  say "$folder: compiling $*"
  (cd "$modules/$folder" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w $flags" -o "$work/" "$@")
  say "$folder: done in $((SECONDS - began)) s"
}

stamp=''
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  IFS=. read -r major minor _ <<<"$kubernetes"
  stamp+=" -X $package.gitVersion=v$kubernetes -X $package.gitMajor=$major -X $package.gitMinor=$minor -X $package.gitTreeState=clean"
done

say "building $versions into $target"
build etcd '' .
build kwok "-X sigs.k8s.io/kwok/pkg/consts.Version=$kwok" sigs.k8s.io/kwok/cmd/kwok
build kubernetes "$stamp" . k8s.io/kubernetes/cmd/kubectl
for program in kube-apiserver kube-controller-manager kube-scheduler; do ln -s kubernetes "$work/$program"; done
echo "$versions" >"$work/VERSIONS"
chmod 755 "$work"

# The rename is the last step, so a folder of that name is always whole. Another builder may have won meanwhile.
rm -rf "$target"
node -e 'require("node:fs").renameSync(process.argv[1], process.argv[2])' "$work" "$target" ||
  [ -z "$(missing_in "$target")" ]
say "whole after $SECONDS s: $target"
echo "$target"
