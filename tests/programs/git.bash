# git: builds a history, clones it, repacks it with threads, checks and reads it back; the objects must be the same.
. "$(dirname "$0")/stage.bash"
need git
export HOME=$work GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1
git config --global init.defaultBranch main
git config --global gc.auto 0

# A history as a stream for fast-import: many files of text that changes line by line.
commits=$(amount 200 4000)
awk -v commits="$commits" 'BEGIN {
  for (c = 1; c <= commits; ++c) {
    printf "commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata %d\n%s\n", 1577836800 + c, length("change " c), "change " c
    for (f = 0; f < 4; ++f) {
      file = (c * 7 + f * 13) % 97; text = ""
      for (l = 0; l < 200; ++l) text = text sprintf("file %d line %d of change %d\n", file, l, (l * 37 + c) % 50 == 0 ? c : l)
      printf "M 644 inline folder%d/file%d.txt\ndata %d\n%s\n", file % 10, file, length(text), text
    }
  }
}' >"$work/stream"

story() {  # story FOLDER: everything git does here, with what it prints
  set -e
  rm -rf "$1"; mkdir "$1"; cd "$1"
  git init -q --bare origin
  git -C origin fast-import --quiet <"$work/stream"
  git clone -q "file://$1/origin" copy
  cd copy
  git -c pack.threads=2 gc -q --aggressive --prune=now
  git fsck --full --strict
  git log --stat --pretty=%H,%s | sha256sum
  git log -S'change 100' --oneline -- folder3 | wc -l
  git blame folder0/file0.txt | sha256sum
  git diff HEAD~50 HEAD | sha256sum
  git checkout -q -b side HEAD~20; echo side >side.txt; git add side.txt; git commit -q -m side
  git merge -q main -m merge; git rev-parse 'HEAD^{tree}'
  git count-objects -v | grep -E 'garbage|prune'
}
(story "$work/libc") >"$work/libc.out" || fail "git fails on plain libc"
export -f story; export work
(under bash -c 'story "$1"' story "$work/under") >"$work/under.out" || fail "git fails"
[ "$(wc -l <"$work/under.out")" -ge 7 ] || fail "git printed too little"
cmp "$work/libc.out" "$work/under.out" || fail "the history differs from that on plain libc"
proves git -C "$work/under/copy" log --oneline >"$work/lines" || fail "git log"
remark "$commits commits cloned, repacked, checked"
