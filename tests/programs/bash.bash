# bash: thousands of forks, pipelines, arrays and strings that grow; the same output as on plain libc.
. "$(dirname "$0")/stage.bash"
cat >"$work/work.sh" <<'SCRIPT'
n=$1
declare -A seen
for ((i = 0; i < n; ++i)); do
  word=$(echo $((i * 7919 % 1009)))            # a fork for each
  seen[$word]+=x
  ((i % 100)) || text+=$(printf '%s,' "${!seen[@]}" | tr ',' '\n' | sort -n | tail -3 | xargs)$'\n'
done
echo "${#seen[@]} $(for key in "${!seen[@]}"; do echo "$key ${#seen[$key]}"; done | sort | cksum)"
long=; for ((i = 0; i < 20000; ++i)); do long+=" word$i"; done
array=($long); echo "${#array[@]} ${array[*]: -2}"
( ( ( ( echo "${text}" | cksum ) ) ) )
coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
trap 'echo ended' EXIT
SCRIPT
same work bash "$work/work.sh" "$(amount 2000 20000)"
remark "$(amount 2000 20000) forks and more"
