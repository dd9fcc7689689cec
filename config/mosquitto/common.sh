# What setup, add-robot and remove-robot share: where things lie, passwords, certificates.
# shellcheck shell=sh
set -eu
umask 077
LC_ALL=C
# openssl.cnf speaks of it, whatever is made.
SUBJECT_ALT_NAME=DNS:unused
export LC_ALL SUBJECT_ALT_NAME

etc=${SYSCONFDIR:-/etc}
owner=${MOSQUITTO_USER:-mosquitto}
broker=$etc/mosquitto/naila
passwords=$broker/passwords
authority=$broker/authority

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

need_tools() {
    case $etc in
        /*) ;;
        *) fail "SYSCONFDIR=$etc is no absolute path" ;;
    esac
    if [ "$etc" = /etc ] && [ "$(id -u)" -ne 0 ]; then
        fail "it writes to $broker: run it with sudo"
    fi
    for program in openssl mosquitto_passwd; do
        command -v "$program" >/dev/null || fail "there is no $program: apt install mosquitto openssl"
    done
    id "$owner" >/dev/null 2>&1 || fail "there is no user $owner: install Mosquitto, or set MOSQUITTO_USER"
}

need_setup() {
    if [ ! -f "$passwords" ] || [ ! -f "$authority/ca.key" ]; then
        fail "$broker is not set up: run ${0%/*}/setup first"
    fi
}

need_device_id() {
    case $1 in
        "" | -* | *[!A-Za-z0-9_-]*) fail "'$1' is no device id: 1 to 64 of A-Z a-z 0-9 _ -, not beginning with -" ;;
    esac
    [ "${#1}" -le 64 ] || fail "the device id has ${#1} characters: 64 at most"
    if grep -qx "user $1" "$broker/acl"; then
        fail "$broker/acl has a user $1: choose another device id"
    fi
}

random_password() {
    openssl rand -hex 16
}

# Mosquitto wants its secrets to be its own and nobody else's.
hand_over() {
    chmod 600 "$1"
    chown "$owner:$(id -gn "$owner")" "$1"
}

has_password() {
    grep -q "^$1:" "$passwords"
}

# Gives the user $1 the password $2, or none. The file is replaced whole: a full disk leaves the old one.
set_password() {
    : >"$passwords.new"
    if [ $# -eq 2 ]; then
        printf '%s:%s\n' "$1" "$2" >"$passwords.new"
        mosquitto_passwd -U "$passwords.new" || fail "mosquitto_passwd did not take the password of $1"
    fi
    awk -F: -v user="$1" '$1 != user' "$passwords" >>"$passwords.new"
    hand_over "$passwords.new"
    mv "$passwords.new" "$passwords"
}

# Runs openssl in the authority's directory, and shows what it says only if it fails.
run_openssl() {
    (cd "$authority" && openssl "$@" >openssl.log 2>&1) || fail "openssl $1 failed: $(tail -n 3 "$authority/openssl.log")"
}

new_key="-nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"

# Makes $1.key and $1.pem for the common name $2 and the purpose $3, an extension section of openssl.cnf.
issue() {
    # shellcheck disable=SC2086  # several words
    run_openssl req -config openssl.cnf -new $new_key -subj "/CN=$2" -keyout "$1.key.new" -out request.pem
    run_openssl ca -config openssl.cnf -batch -notext -extensions "$3" -in request.pem -out "$1.pem.new"
    chmod 644 "$1.pem.new"
    mv "$1.key.new" "$1.key"
    mv "$1.pem.new" "$1.pem"
}

write_revocations() {
    run_openssl ca -config openssl.cnf -gencrl -out "$broker/crl.pem.new"
    chmod 644 "$broker/crl.pem.new"
    mv "$broker/crl.pem.new" "$broker/crl.pem"
}

# The names and addresses in the broker's certificate; those of loopback only where there is no other.
brokers_names() {
    names=$(openssl x509 -in "$broker/server.pem" -noout -ext subjectAltName | sed 1d | tr ',' '\n' |
        sed 's/^ *[A-Za-z ]*://' | awk '$0 != "localhost" && $0 != "127.0.0.1" && !seen[$0]++' | paste -sd, -)
    echo "${names:-localhost}" | sed 's/,/, /g'
}
