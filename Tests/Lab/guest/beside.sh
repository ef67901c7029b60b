# beside.sh KIND COMMAND...: runs it beside a real-time task of disturb.sh, and nothing else: the recorder, which has to wait
# for every CPU while it switches probes on and off, does not have to wait for it.
. /lab/disturb.sh
disturb_start "$1" || exit 1
shift
"$@"
status=$?
disturb_stop
exit $status
