# What throttles I/Os or sends their completions elsewhere. Each is taken back by limit_unset.

control=/sys/fs/cgroup

# limit_set KIND: sets $limited to the cgroup that fio has to run in, if any.
limit_set() {
    [ "$1" = none ] && return 0
    queue=/sys/block/${disk##*/}/queue
    case $1 in
    wiops) limit_group io && echo "$(cat "/sys/block/${disk##*/}/dev") wiops=500" >$control/lab/io.max ;;
    quota) limit_group cpu && echo "20000 100000" >$control/lab/cpu.max ;;
    sectors) echo 4 >"$queue/max_sectors_kb" ;;
    tags) load_modules mq_deadline && echo mq-deadline >"$queue/scheduler" && echo 4 >"$queue/nr_requests" ;;
    affinity) echo 2 >"$queue/rq_affinity" ;;
    *) return 1 ;;
    esac
}

# limit_group CONTROLLER
limit_group() {
    grep -q " $control " /proc/mounts || mount -t cgroup2 none $control || return 1
    echo "+$1" >$control/cgroup.subtree_control && mkdir -p $control/lab && limited=$control/lab
}

limit_unset() {
    case $1 in
    wiops | quota) rmdir $control/lab ;;
    sectors) cat "$queue/max_hw_sectors_kb" >"$queue/max_sectors_kb" ;;
    tags) echo none >"$queue/scheduler" ;;
    affinity) echo 1 >"$queue/rq_affinity" ;;
    esac
}
