# limited.sh CGROUP COMMAND...: runs it in there.
echo 0 >"$1/cgroup.procs" || exit 1
shift
exec "$@"
