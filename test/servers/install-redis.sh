#!/usr/bin/env bash
# Makes a Redis server available to the tests: on Debian, as root, with apt. Only the program is wanted: the service that the
# package would start is not started. Does nothing where there is one already. Where it cannot be had, says so and succeeds: the tests
# that need it then say that they were left out.
set -uo pipefail

without() {
  echo "No Redis server for the tests: $1. What needs one is left out."
  exit 0
}

[ -n "${PIPEWRIGHT_REDIS:-}" ] && echo 'The tests use the server in PIPEWRIGHT_REDIS.' && exit 0
command -v redis-server >/dev/null && redis-server --version && exit 0
[ -f /etc/debian_version ] || without 'this is not Debian'
[ "$(id -u)" = 0 ] || without 'installing it needs root'

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || without 'apt-get update failed'
# The service would take the usual port and go on after the tests.
policy=/usr/sbin/policy-rc.d
[ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && trap 'rm -f "$policy"' EXIT; }
apt-get install -qq -y --no-install-recommends redis-server >/dev/null || without 'the package could not be installed'
redis-server --version
