# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
#
# Builds a kernel of our own from Debian's linux-source package into the cache; sourced by build-um
# and build-debug. Builds share one unpacked source tree; what stays afterwards is the kernel and a
# headers tree that is enough to build modules.

HERE=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# shellcheck source=lab/kernels/lib.sh
. "$HERE/lib.sh"
PATH=$PATH:/usr/sbin

SUITE=bookworm
SOURCE=linux-source-6.1
CC=gcc-12
# Raise it when a change below makes earlier results unfit for use.
LAYOUT=1
JOBS=${VMGUEST_JOBS:-$(nproc)}
WORK=
MAKE_PID=
VERSION=

# clean_up: also ends the compiler when the build is ended
clean_up() {
    [ -z "$MAKE_PID" ] || kill "$MAKE_PID" 2>/dev/null || true
    [ -z "$WORK" ] || rm -rf "$WORK"
    [ -z "$VERSION" ] || drop_source
}

# build_key CONFIG: whatever changes the result changes the key, comments do not
build_key() {
    { echo "$LAYOUT" && $CC -dumpfullversion && grep -E '^(# )?CONFIG_' "$1"; } | sha256sum | cut -c 1-12
}

# find_built NAME KEY: prints the newest finished build's JSON, or fails
find_built() {
    local found
    found=$(compgen -G "$CACHE/kernels/$1-*-$2/kernel.json" | sort -V | tail -n 1)
    [ -n "$found" ] && sed "s|@DIR@|${found%/*}|g" "$found"
}

# source_uri: where the package is, in download's form; its version is in the file name
source_uri() {
    (
        with_lock "apt-$SUITE"
        apt_prepare "$SUITE"
        uris only "$SOURCE"
    )
}

# unpack_source URI TREE: without what no build here compiles; config/source.exclude names it
unpack_source() {
    local part
    (
        with_lock source
        [ ! -d "$2" ] || exit 0
        rm -rf "$CACHE/kernels/.source".*
        part=$(mktemp -d "$CACHE/kernels/.source.XXXXXX")
        download "$part/deb" <<<"$1"
        say "unpacking $SOURCE"
        dpkg-deb --fsys-tarfile "$part"/deb/*.deb | tar -xO --wildcards "./usr/src/*.tar.xz" |
            tar -xJ -C "$part" --exclude-from="$HERE/config/source.exclude" ||
            die "cannot unpack $SOURCE into $part; is the file system full?"
        widen_fp_registers "$part/$SOURCE/arch/x86/um/user-offsets.c"
        mv -T "$part/$SOURCE" "$2"
        rm -rf "$part"
    )
}

# widen_fp_registers FILE: user-mode Linux has 2696 bytes for the registers of the floating-point unit
# and more; the host refuses to set those of a processor that has more (11008 with AMX), and no
# program starts
widen_fp_registers() {
    sed -i 's/DEFINE_LONGS(HOST_FP_SIZE, 2696)/DEFINE_LONGS(HOST_FP_SIZE, 12288)/' "$1"
    grep -q 'HOST_FP_SIZE, 12288' "$1" || die "$SOURCE keeps its floating-point registers otherwise now; see widen_fp_registers"
}

# drop_source: remove it once every kernel that is built from it is there and no build runs; each
# build holds the lock shared
drop_source() {
    local name
    flock -u 9
    for name in um debug; do
        compgen -G "$CACHE/kernels/$name-$VERSION-*/kernel.json" >/dev/null || return 0
    done
    if flock -xn 9; then rm -rf "$CACHE/kernels/source-$VERSION"; fi
}

# configure SOURCE OBJ ARCH CONFIG: tinyconfig plus CONFIG, every line of which must have held
configure() {
    local source=$1 obj=$2 arch=$3 config=$4 line name lost=
    {
        make -s -C "$source" ARCH="$arch" CC=$CC O="$obj" tinyconfig &&
            (cd "$obj" && "$source/scripts/kconfig/merge_config.sh" -O . -m .config "$config") &&
            make -s -C "$source" ARCH="$arch" CC=$CC O="$obj" olddefconfig
    } >"$obj.log" 2>&1 ||
        die "configuring failed ($(grep -m 1 -iE 'error|open' "$obj.log")); look at ${config##*/}"
    # tinyconfig leaves a 32-bit auto.conf that would make the next make look for 32-bit files.
    rm -rf "$obj/include/config"
    while IFS= read -r line; do
        case $line in
            CONFIG_*) grep -qxF -- "$line" "$obj/.config" || lost+=" $line" ;;
            "# CONFIG_"*" is not set")
                name=${line#\# }
                if grep -q "^${name%% *}=" "$obj/.config"; then lost+=" no-${name%% *}"; fi
                ;;
        esac
    done <"$config"
    [ -z "$lost" ] || die "this source does not honour$lost; correct ${config##*/}"
}

# compile OBJ ARCH TARGET...: with a line a minute, since it takes some
compile() {
    local obj=$1 arch=$2 log=$1/build.log next=60
    SECONDS=0
    shift 2
    say "compiling with $JOBS jobs, log in $log"
    nice -n 10 make -C "$obj" ARCH="$arch" CC=$CC -j"$JOBS" KBUILD_BUILD_USER=vmguest \
        KBUILD_BUILD_HOST=lab KBUILD_BUILD_TIMESTAMP=@0 "$@" >"$log" 2>&1 &
    MAKE_PID=$!
    while kill -0 "$MAKE_PID" 2>/dev/null; do
        sleep 1
        if ((SECONDS >= next)); then
            say "$((next / 60)) min, $(grep -c '^  CC\|^  AR' "$log" || true) files"
            next=$((next + 60))
        fi
    done
    wait "$MAKE_PID" || {
        MAKE_PID=
        die "compiling failed: $(grep -m 1 -iE 'error:|error |no space' "$log" || tail -n 1 "$log")"
    }
    MAKE_PID=
}

# keep_headers SOURCE OBJ ARCH OUT: one tree, the source's and the generated parts merged, with all
# that building a module needs
keep_headers() {
    local source=$1 obj=$2 out=$4 archs=(arch/x86)
    [ "$3" != um ] || archs+=(arch/um)
    mkdir -p "$out"
    (cd "$source" && {
        find . "${archs[@]}" -maxdepth 1 -name 'Makefile*'
        find include scripts "${archs[@]/%//include}" -type f -o -type l
        find "${archs[@]}" -name Kbuild.platforms -o -name Platform -o -path '*/scripts/*' -type f
        find arch/x86/um -name '*.h'
    } | sort -u | tar -c -T -) | tar -x -C "$out"
    (cd "$obj" && {
        echo Module.symvers
        echo .config
        find include scripts -type f ! -name '*.cmd' ! -name '*.o' ! -path 'include/config/[A-Z]*'
        find "${archs[@]/%//include}" -type f 2>/dev/null || true
        find scripts -name module.lds
        find tools/objtool -maxdepth 1 -name objtool 2>/dev/null || true
    } | sort -u | tar -c -T -) | tar -x -C "$out"
}

# take_turn NAME: one build of a kind at a time
take_turn() {
    local lock=$CACHE/locks/kernel-$1
    [ ! -e "$lock" ] || flock -n "$lock" true || say "waiting for a build of it that already runs"
    with_lock "kernel-$1"
}

# build NAME ARCH CONFIG MIB TARGET...: print the JSON of the kernel, building it if needed. The
# caller defines install_kernel OBJ OUT, which puts the kernel itself into OUT and prints its JSON
# with @DIR@ for where that will be: a cache may be carried elsewhere.
build() {
    local name=$1 arch=$2 config=$3 mib=$4 key uri source final
    shift 4
    need "$CC"
    key=$(build_key "$config")
    find_built "$name" "$key" && return
    need make flex bison bc lz4 xz depmod dpkg-deb strip
    [ -e /usr/include/libelf.h ] || die "the header libelf.h is missing; run scripts/setup check as root first"
    take_turn "$name"
    find_built "$name" "$key" && return
    need_space "$mib" "building a kernel"
    uri=$(source_uri) || exit 1
    VERSION=$(sed -n "s/.*[/ ]${SOURCE}_\([^_]*\)_all\.deb .*/\1/p" <<<"$uri")
    source=$CACHE/kernels/source-$VERSION
    final=$CACHE/kernels/$name-$VERSION-$key
    mkdir -p "$CACHE/kernels"
    rm -rf "$CACHE/kernels/.$name".*
    exec 9>"$CACHE/locks/source-use"
    flock -s 9
    trap clean_up EXIT
    trap 'exit 130' INT TERM HUP
    WORK=$(mktemp -d "$CACHE/kernels/.$name.XXXXXX")
    unpack_source "$uri" "$source"
    say "configuring"
    configure "$source" "$WORK/obj" "$arch" "$config"
    compile "$WORK/obj" "$arch" "$@"
    mkdir "$WORK/out"
    keep_headers "$source" "$WORK/obj" "$arch" "$WORK/out/build"
    install_kernel "$WORK/obj" "$WORK/out" >"$WORK/kernel.json"
    mv "$WORK/kernel.json" "$WORK/out/kernel.json"
    rm -rf "$final"
    mv -T "$WORK/out" "$final"
    find_built "$name" "$key"
}
