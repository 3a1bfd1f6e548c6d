#!/usr/bin/env bash
# Make sure that pdflatex and bibtex are usable, with the packages of the report.
#
#   1. LaTeX on the PATH is used as it is;
#   2. so is an engine that an earlier run left in .texlive/bin;
#   3. root on Debian: install the Debian packages;
#   4. anybody on Debian: download the same packages with apt-get and unpack
#      them under .texlive, which needs no root and changes nothing else;
#   5. otherwise: say what to do and exit with status 3, so that the caller can
#      go on without the PDF.
#
# The caller puts .texlive/bin at the front of its PATH.  To start afresh,
# remove .texlive.  The output of apt-get and TeX is in .texlive/get_latex.log.
set -eu
cd "$(dirname "$0")/.."

packages="texlive-latex-base texlive-latex-recommended texlive-fonts-recommended lmodern"

# What the report uses; the last line stands for the T1 fonts of lmodern
# (metrics, outlines, encoding, definition) and the bibliography style.
needed="amsmath.sty amssymb.sty bm.sty booktabs.sty caption.sty float.sty
  geometry.sty graphicx.sty hyperref.sty lmodern.sty longtable.sty microtype.sty
  natbib.sty pdflscape.sty subcaption.sty xcolor.sty
  ec-lmr10.tfm lmr10.pfb lm-ec.enc t1lmr.fd plainnat.bst"

texlive=$PWD/.texlive
stamp=$texlive/complete      # written last: without it .texlive is not trusted
log=$texlive/get_latex.log
tmp=$texlive/unpacking.$$
plan=$tmp/plan

# No question may wait for an answer, no dead server may hold the run for long.
export DEBIAN_FRONTEND=noninteractive
apt_options=(-q -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
  -o Acquire::Retries=1 -o DPkg::Lock::Timeout=60)
update_limit=150             # seconds
download_limit=1200

have() { command -v "$1" >/dev/null 2>&1; }

# has_all_files KPSEWHICH: the packages and the pdflatex format are there
# (the format is missing after an installation that was cut short).
has_all_files() {
  # shellcheck disable=SC2086  # $needed is a list
  "$1" $needed >/dev/null 2>&1 &&
    "$1" -engine=pdftex pdflatex.fmt >/dev/null 2>&1
}

latex_on_path() {
  have pdflatex && have bibtex && have kpsewhich && has_all_files kpsewhich
}

latex_in_project() {
  [ -e "$stamp" ] && [ -x "$texlive/bin/pdflatex" ] && has_all_files "$texlive/bin/kpsewhich"
}

# ---- 3. and 4.: what is to be had --------------------------------------------

# own_apt SECONDS ARGUMENT...: apt-get with the servers and keys of this machine
# but with lists and cache of its own, for which no root is needed.  Its list of
# installed packages is empty: apt-get then names everything that LaTeX needs
# whatever state this machine is in, and choose_packages leaves out what it has.
own_apt() {
  local limit=$1
  shift
  timeout --foreground "$limit" apt-get "${apt_options[@]}" \
    -o APT::Sandbox::User=root \
    -o Dir::State="$tmp/apt" -o Dir::State::status="$tmp/apt/status" \
    -o Dir::Cache="$tmp/apt/cache" "$@"
}

# Asks the servers and writes the names of all packages below LaTeX into $plan.
# Root asks in this way too: with dead servers it ends here, while apt-get with
# the lists of an earlier day would try each package in vain.
plan_packages() {
  mkdir -p "$tmp/apt/lists/partial" "$tmp/apt/cache/archives/partial" &&
    : >"$tmp/apt/status" || return 1
  # One broken source among several makes the update fail: what matters is
  # whether the LaTeX packages are on the new lists.
  own_apt "$update_limit" update || true
  # shellcheck disable=SC2086  # $packages is a list
  own_apt 120 --simulate --no-install-recommends install $packages >"$tmp/simulation" &&
    awk '$1 == "Inst" { print $2 }' "$tmp/simulation" >"$plan"
}

# ---- 3. root ---------------------------------------------------------------

# The download has a time limit, the installation has none: dpkg must not be
# stopped half-way.
install_debian_packages() {
  timeout --foreground "$update_limit" apt-get "${apt_options[@]}" update || true
  # shellcheck disable=SC2086  # $packages is a list
  set -- -y --no-install-recommends install $packages
  timeout --foreground "$download_limit" apt-get "${apt_options[@]}" --download-only "$@" &&
    apt-get "${apt_options[@]}" "$@" &&
    hash -r && latex_on_path
}

# ---- 4. no root ------------------------------------------------------------

is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# Prints the packages to be unpacked: TeX itself and the libraries which this
# machine lacks (the rest, like perl or xdg-utils, serves the installation only).
choose_packages() {
  local name
  while read -r name; do
    case $name in
      texlive* | lmodern | fonts-lmodern) echo "$name" ;;
      libc6 | libperl*) ;; # never a second libc; no perl
      lib* | zlib*) is_installed "$name" || echo "$name" ;;
    esac
  done <"$plan"
}

fetch_packages() {
  mkdir -p "$tmp/debs" || return 1
  # shellcheck disable=SC2046  # the names are separate arguments
  (cd "$tmp/debs" && own_apt "$download_limit" download $(choose_packages))
}

unpack_packages() {
  local deb
  mkdir -p "$tmp/root" || return 1
  for deb in "$tmp"/debs/*.deb; do
    dpkg-deb -x "$deb" "$tmp/root" && rm -f "$deb" || return 1
  done
  # Absolute links would lead into the TeX of the system, if there is one.
  find "$tmp/root" -lname '/*' -exec rm -f {} +
}

# What the installation scripts of the packages would have made.
write_texmf_files() {
  local root=$tmp/root var=$tmp/root/texmf-var map
  local dist=$root/usr/share/texlive/texmf-dist
  mkdir -p "$var/web2c/pdftex" "$var/tex/generic/config" "$var/fonts/map/pdftex" || return 1

  # SELFAUTOPARENT is the folder "root" as the running program sees it: so the
  # whole can be moved.  Bitmap fonts are never made: outlines only.
  cat >"$var/web2c/texmf.cnf" <<'CNF' || return 1
TEXMFROOT = $SELFAUTOPARENT/usr/share/texlive
TEXMFDIST = $TEXMFROOT/texmf-dist
TEXMFMAIN = $TEXMFDIST
TEXMFDEBIAN = $SELFAUTOPARENT/usr/share/texmf
TEXMFSYSVAR = $SELFAUTOPARENT/texmf-var
TEXMFVAR = $TEXMFSYSVAR
TEXMF = {!!$TEXMFSYSVAR,!!$TEXMFDEBIAN,!!$TEXMFDIST}
TEXMFDBS = {!!$TEXMFSYSVAR,!!$TEXMFDEBIAN,!!$TEXMFDIST}
VARTEXFONTS = $TEXMFSYSVAR/fonts
OSFONTDIR = $TEXMFDEBIAN/fonts
MKTEXMF = 0
MKTEXPK = 0
MKTEXTEX = 0
MKTEXTFM = 0
CNF

  # Hyphenation: English only.
  cp "$dist/tex/generic/config/language.us" "$var/tex/generic/config/language.dat" &&
    cp "$dist/tex/generic/config/language.us.def" "$var/tex/generic/config/language.def" ||
    return 1

  # The font maps that the packages register, and the 35 PostScript fonts; of
  # two lines for one font the first counts.
  sed -n 's/^\(Mixed\)\{0,1\}Map  *//p' "$root"/var/lib/tex-common/fontmap-cfg/*/*.cfg |
    { cat; echo pdftex35.map; } |
    while read -r map; do
      find "$root/usr/share" -path '*/fonts/map/*' -name "$map" -exec cat {} +
    done |
    awk 'NF && !/^[%#*;]/ && !seen[$1]++' >"$var/fonts/map/pdftex/pdftex.map"
  [ -s "$var/fonts/map/pdftex/pdftex.map" ]
}

# The index of file names that TeX reads instead of searching its folders.
write_file_index() {
  local tree
  for tree in texmf-var usr/share/texmf usr/share/texlive/texmf-dist; do
    (
      cd "$tmp/root/$tree" &&
        echo '% ls-R -- filename database for kpathsea; do not change this line.' >"$tmp/ls-R" &&
        ls -LAR ./ >>"$tmp/ls-R" &&
        mv "$tmp/ls-R" ls-R
    ) || return 1
  done
}

write_wrappers() {
  local name program
  mkdir -p "$tmp/bin" || return 1
  for name in pdflatex bibtex kpsewhich; do
    program=$name
    # Debian keeps bibtex under this name and makes the link at installation.
    [ "$name" = bibtex ] && [ -x "$tmp/root/usr/bin/bibtex.original" ] &&
      program=bibtex.original
    [ -x "$tmp/root/usr/bin/$program" ] || return 1
    {
      cat <<'WRAPPER'
#!/bin/sh
# Made by tools/get_latex.sh: runs the program of ../root, wherever that is now.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../root" && pwd -P) || exit 1
for folder in "$root"/lib/*-linux-* "$root"/usr/lib/*-linux-*; do
  [ -d "$folder" ] && LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
done
TEXMFCNF=$root/texmf-var/web2c:$root/usr/share/texlive/texmf-dist/web2c
export LD_LIBRARY_PATH TEXMFCNF
# Settings for another TeX would win over texmf.cnf.
unset TEXMF TEXMFROOT TEXMFDIST TEXMFMAIN TEXMFSYSVAR TEXMFVAR TEXMFDBS TEXFORMATS
WRAPPER
      echo "exec \"\$root/usr/bin/$program\" \"\$@\""
    } >"$tmp/bin/$name" && chmod +x "$tmp/bin/$name" || return 1
  done
}

build_format() {
  (
    cd "$tmp/root/texmf-var/web2c/pdftex" &&
      "$tmp/bin/pdflatex" -ini -etex -interaction=batchmode -translate-file=cp227.tcx \
        -jobname=pdflatex -progname=pdflatex '*pdflatex.ini' &&
      rm -f pdflatex.log
  )
}

# One page with the fonts of the report: proves that the engine runs here.
try_engine() {
  has_all_files "$tmp/bin/kpsewhich" && mkdir -p "$tmp/try" || return 1
  (
    cd "$tmp/try" &&
      printf '%s\n' '\documentclass{article}\usepackage[T1]{fontenc}\usepackage{lmodern}' \
        '\begin{document}Text and \(x^2\)\end{document}' >try.tex &&
      # TeX would break the long lines of its log within the name looked for.
      max_print_line=1000 "$tmp/bin/pdflatex" -interaction=batchmode try.tex &&
      grep -q 'lmr10\.pfb' try.log
  )
}

put_in_place() {
  rm -f "$stamp" && rm -rf "${texlive:?}/bin" "$texlive/root" &&
    mv "$tmp/root" "$texlive/root" && mv "$tmp/bin" "$texlive/bin" && : >"$stamp"
}

# "set -e" does not hold in a function whose result is asked for: each step
# returns its own failure.
unpack_debian_packages() {
  fetch_packages && unpack_packages && write_texmf_files && write_wrappers &&
    write_file_index && build_format && write_file_index && try_engine &&
    put_in_place && latex_in_project
}

# ----------------------------------------------------------------------------

if latex_on_path; then
  echo "LaTeX: found pdflatex on the PATH"
  exit 0
fi
if latex_in_project; then
  echo "LaTeX: found .texlive/bin/pdflatex"
  exit 0
fi

if have apt-get && mkdir -p "$texlive" 2>/dev/null && : 2>/dev/null >"$log"; then
  trap 'rm -rf "$tmp"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  rm -rf "$texlive"/unpacking.* || true # left by a run that was killed

  size="about 70 MB to download, 250 MB on disk, a minute"
  if [ "$(id -u)" = 0 ]; then
    echo "LaTeX: installing from Debian packages ($size) ..."
  else
    echo "LaTeX: unpacking Debian packages in .texlive ($size) ..."
  fi
  {
    if plan_packages; then
      if [ "$(id -u)" = 0 ] && install_debian_packages; then
        result="installed"
      elif have dpkg-deb && unpack_debian_packages; then
        result="ready in .texlive/bin"
      fi
    fi
  } >>"$log" 2>&1 </dev/null
  if [ -n "${result:-}" ]; then
    echo "LaTeX: $result"
    exit 0
  fi
fi

echo "LaTeX: no complete pdflatex and bibtex were found, and none could be installed:" \
  "install a LaTeX that has both (on Debian: apt-get install $packages) and run make again;" \
  "everything but the PDF is built without it." >&2
exit 3
