# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# What every kernel script of the lab shares: where the cache is, how to say no, and how to get
# packages of a Debian suite without installing them. Packages come from the Debian mirror that this
# machine's own apt uses, through a private apt state below the cache, and are only unpacked: no
# maintainer script runs, the machine's package database is neither read nor written.

CACHE=${VMGUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vmguest}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
PROGRAM=${0##*/}
LISTS_AGE=60

die() {
    printf '%s: %s\n' "$PROGRAM" "$*" >&2
    exit 1
}

say() {
    printf '%s: %s\n' "$PROGRAM" "$*" >&2
}

# reason TEXT: what apt gives as the first cause in its messages
reason() {
    { grep '^E: ' <<<"$1" || grep '^W: ' <<<"$1" || true; } | head -n 1 | cut -c 4- | tr -s ' '
}

# need TOOL...: every tool is there, or the one sentence that says how to get it
need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null ||
            die "the program '$tool' is missing; run scripts/setup demo as root first"
    done
}

# need_space MIB WHAT: enough free space in the cache's file system. Call with a lock held.
need_space() {
    local free
    free=$(($(df --output=avail -B1M "$CACHE" | tail -n 1)))
    [ "$free" -ge "$1" ] ||
        die "$2 needs $1 MiB in $CACHE and only $free MiB are free; make room there or set VMGUEST_CACHE to another file system"
}

# with_lock NAME: hold an exclusive lock until the calling (sub)shell ends
with_lock() {
    if ! mkdir -p "$CACHE/locks" 2>/dev/null || [ ! -w "$CACHE/locks" ]; then
        die "cannot write to the cache $CACHE; set VMGUEST_CACHE to a directory you can write"
    fi
    exec {LOCK_FD}>"$CACHE/locks/$1"
    flock "$LOCK_FD"
}

# archives [APT-OPTION]...: address and suite of every "main" component that apt is configured with
archives() {
    # shellcheck disable=SC2016 # apt expands these
    apt-get indextargets "$@" --format '$(SITE)|$(RELEASE)' 'Created-By: Packages' 'Component: main' 2>/dev/null || true
}

# sources SUITE: the apt lines for a suite, with the mirror that this machine's apt configuration
# names. Backports carry the newer kernels; the security archive has the newest 6.1.
sources() {
    local suite=$1 site release main='' security='' known
    known=$(archives 'Origin: Debian')
    # Before the first apt-get update apt cannot tell whose archive is whose.
    known=${known:-$(archives --no-release-info)}
    while IFS='|' read -r site release; do
        case $release in
            bookworm | trixie | forky | sid | stable | oldstable | testing) main=${main:-$site} ;;
            *-security) security=${security:-$site} ;;
        esac
    done <<<"$known"
    main=${VMGUEST_MIRROR:-$main}
    [ -n "$main" ] ||
        die "this machine's apt configuration names no Debian mirror; set VMGUEST_MIRROR to the address of one"
    printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$main" "$suite" "$KEYRING" "$main" "$suite-backports"
    if [ -n "$security" ] && [ -z "${VMGUEST_MIRROR:-}" ]; then
        printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$security" "$suite-security"
    fi
}

# apt_config DIR: the private configuration. Of the machine's own one only the way to reach the
# network is kept (proxies, time-outs); its hooks and directories are not.
apt_config() {
    apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|ForceIPv|Check-Valid|Max-Future)' || true
    cat <<EOF
Dir::State "$1/state";
Dir::State::lists "$1/lists";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Install-Recommends "false";
APT::Sandbox::User "";
EOF
}

# apt_prepare SUITE: the private apt state of a suite exists and its lists are younger than LISTS_AGE
# minutes. Call with the suite's lock held. Sets APT_CONFIG for what follows.
apt_prepare() {
    local suite=$1 dir=$CACHE/apt/$1 log site
    need apt-get apt-config apt-cache gpgv
    [ "$(dpkg --print-architecture)" = amd64 ] || die "the lab's kernels exist for amd64 machines only"
    [ -r "$KEYRING" ] || die "$KEYRING is missing; install debian-archive-keyring"
    export APT_CONFIG=$dir/apt.conf
    if [ -n "$(find "$dir/updated" -mmin "-$LISTS_AGE" 2>/dev/null)" ]; then return; fi
    need_space 300 "the package lists of Debian $suite"
    mkdir -p "$dir/state" "$dir/lists/partial" "$dir/cache/archives/partial"
    : >"$dir/status"
    (unset APT_CONFIG && sources "$suite") >"$dir/sources.list"
    (unset APT_CONFIG && apt_config "$dir") >"$dir/apt.conf"
    say "reading the package lists of Debian $suite"
    log=$(apt-get -qq --error-on=any update 2>&1) || {
        site=$(awk 'NR == 1 { print $3 }' "$dir/sources.list")
        # Lists that were never whole are of no use to the next run.
        [ -e "$dir/updated" ] || rm -rf "$dir"
        die "cannot read the package lists of Debian $suite from $site ($(reason "$log")); check the network or set VMGUEST_MIRROR to another mirror"
    }
    touch "$dir/updated"
}

# with_lists SUITE COMMAND...: run a command on the suite's package lists, one at a time because apt
# rewrites its caches as it reads
with_lists() {
    (
        with_lock "apt-$1"
        apt_prepare "$1"
        "${@:2}"
    )
}

# field PACKAGE[/SUITE] FIELD: one field of the candidate's record
field() {
    { apt-cache --no-all-versions show "$1" 2>/dev/null || true; } |
        awk -v f="$2:" '$1 == f && !done { $1 = ""; print substr($0, 2); done = 1 }'
}

# uris closure|only PACKAGE...: address, file name, size and checksum of packages, one a line
uris() {
    local mode=$1 log
    shift
    if [ "$mode" = closure ]; then
        log=$(apt-get -qq -y --print-uris install "$@" 2>&1)
    else
        log=$(apt-get -qq --print-uris download "$@" 2>&1)
    fi || die "Debian does not carry what is needed ($(reason "$log")); look at the mirror in $CACHE/apt"
    sed -n "s/^'\([^']*\)' \([^ ]*\) \([0-9]*\) \(.*\)$/\1 \2 \3 \4/p" <<<"$log"
}

# download DIR <URIS: fetch what uris printed, checking the checksums. apt's own helper is used, so
# that proxies and mirrors work as for apt itself.
download() {
    local dir=$1 uri name size sum log total=0 args=()
    mkdir -p "$dir"
    while read -r uri name size sum; do
        args+=("$uri" "$dir/$name" "$sum")
        total=$((total + size))
    done
    [ ${#args[@]} -gt 0 ] || die "nothing to download"
    say "downloading $((${#args[@]} / 3)) packages ($((total / 1000000)) MB)"
    log=$(/usr/lib/apt/apt-helper -qq download-file "${args[@]}" 2>&1) ||
        die "the download failed ($(reason "$log")); check the network, or if the package is gone from the mirror use lab/kernels/get --refresh"
}

# unpack DEST DEB [TAR-OPTION]...: unpack one package without the documentation and the
# translations, keeping the merged-/usr links that DEST may have
unpack() {
    local dest=$1 deb=$2 log
    shift 2
    log=$({ dpkg-deb --fsys-tarfile "$deb" |
        tar -x -C "$dest" --keep-directory-symlink --no-same-owner --warning=no-timestamp \
            --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/info' \
            --exclude='./usr/share/locale' --exclude='./usr/share/lintian' \
            --exclude='./usr/share/bug' "$@"; } 2>&1) ||
        die "cannot unpack ${deb##*/} (${log%%$'\n'*}); make room there and try again"
    rm -f "$deb"
}

# unpack_all DEST DEBDIR [TAR-OPTION]...: unpack every package of a directory, two at a time; the
# first failure ends it
unpack_all() {
    local deb running=0
    for deb in "$2"/*.deb; do
        if [ $running -ge 2 ]; then
            wait -n || { wait && exit 1; }
            running=$((running - 1))
        fi
        (unpack "$1" "$deb" "${@:3}") &
        running=$((running + 1))
    done
    for (( ; running > 0; running--)); do wait -n || { wait && exit 1; }; done
}
