# beside.sh KIND COMMAND...: runs it beside a real-time task of disturb.sh, which starts only now: the recorder, which has to
# wait for every CPU while it switches probes on, does not have to wait for it.
. /lab/disturb.sh
disturb_start "$1" || exit 1
shift
exec "$@"
