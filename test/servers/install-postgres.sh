#!/usr/bin/env bash
# Makes a Postgres server with pgvector available to the tests: on Debian, as root, with apt. Debian 12 has no package of
# pgvector, so the sources of Debian 13 are compiled against the headers of the server that is there. What is downloaded lies in
# .cache/pgvector; installed are the server (where there is none) and the files of the extension beside its other ones.
# Does nothing where pgvector is there already. Where it cannot be had, says so and succeeds: the tests then run on the embedded
# Postgres alone, and say what they left out.
set -uo pipefail
cd "$(dirname "$0")/../.."
cache=$PWD/.cache/pgvector

without() {
  echo "No Postgres server with pgvector for the tests: $1. They run on the embedded one."
  exit 0
}
newest_server() { find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -type d 2>/dev/null | sort -V | tail -n 1; }
has_vector() { [ -f "/usr/share/postgresql/$(basename "$1")/extension/vector.control" ]; }

[ -n "${PIPEWRIGHT_POSTGRES:-}" ] && echo 'The tests use the server in PIPEWRIGHT_POSTGRES.' && exit 0
server=$(newest_server)
[ -n "$server" ] && has_vector "$server" && echo "pgvector is installed for $server." && exit 0
[ -f /etc/debian_version ] || without 'this is not Debian'
[ "$(id -u)" = 0 ] || without 'installing it needs root'

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || without 'apt-get update failed'
if [ -z "$server" ]; then
  apt-get install -qq -y --no-install-recommends postgresql >/dev/null || without 'the server could not be installed'
  server=$(newest_server)
fi
version=$(basename "$server")
# Newer Debians have the extension as a package.
if apt-get install -qq -y --no-install-recommends "postgresql-$version-pgvector" >/dev/null 2>&1; then
  echo "pgvector was installed for $server from its package."
  exit 0
fi

rm -rf "$cache" && mkdir -p "$cache/lists/partial" "$cache/archives" "$cache/headers" && cd "$cache" || exit 1
echo 'deb-src http://deb.debian.org/debian trixie main' >sources.list
private=(-o Dir::Etc::SourceList="$cache/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$cache/lists"
  -o Dir::Cache="$cache" -o Dir::Cache::Archives="$cache/archives" -o APT::Sandbox::User=root)
apt-get "${private[@]}" -qq update && apt-get "${private[@]}" -qq --only-source source pgvector >/dev/null ||
  without 'the sources of pgvector could not be downloaded'
# Only unpacked: installing the headers would pull in a whole compiler of another kind.
apt-get -qq -o APT::Sandbox::User=root download "postgresql-server-dev-$version" &&
  dpkg -x postgresql-server-dev-"$version"_*.deb headers || without 'the headers of the server could not be downloaded'
command -v make >/dev/null && command -v cc >/dev/null || apt-get install -qq -y --no-install-recommends make gcc libc6-dev >/dev/null
dpkg -s libpq-dev >/dev/null 2>&1 || apt-get install -qq -y --no-install-recommends libpq-dev >/dev/null
cd pgvector-*/ || without 'the sources of pgvector are not where they were expected'
make -s -j2 with_llvm=no OPTFLAGS="" PG_CONFIG="$server/bin/pg_config" \
  PG_CPPFLAGS="-I$cache/headers/usr/include/postgresql/$version/server -I/usr/include/postgresql" >"$cache/make.log" 2>&1 ||
  without "pgvector could not be compiled, see $cache/make.log"
install -m 644 vector.so "$server/lib/" && install -m 644 vector.control sql/vector--*.sql "/usr/share/postgresql/$version/extension/" ||
  without 'its files could not be installed'
echo "pgvector was compiled for $server."
