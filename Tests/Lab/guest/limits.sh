# What throttles I/Os or sends their completions elsewhere. Each is taken back by limit_unset.

control=/sys/fs/cgroup

# limit_set KIND: sets $limited to the cgroup that fio has to run in, if any.
limit_set() {
    [ "$1" = none ] && return 0
    queue=/sys/block/${disk##*/}/queue
    case $1 in
    wiops) limit_group io && echo "$(cat "/sys/block/${disk##*/}/dev") wiops=500" >$control/lab/io.max ;;
    # Of the disk below the layers.
    wiops-below) limit_group io && echo "$(cat "/sys/block/${bottom##*/}/dev") wiops=500" >$control/lab/io.max ;;
    rbps) limit_group io && echo "$(cat "/sys/block/${disk##*/}/dev") rbps=4194304" >$control/lab/io.max ;;
    # A model in which 500 I/Os are all that the device does in a second, and nobody may use more than that.
    iocost)
        number=$(cat "/sys/block/${disk##*/}/dev")
        limit_group io &&
            echo "$number enable=1 ctrl=user min=100.00 max=100.00" >$control/io.cost.qos &&
            echo "$number ctrl=user model=linear rbps=100000000 rseqiops=500 rrandiops=500 wbps=100000000 wseqiops=500 wrandiops=500" \
                >$control/io.cost.model
        ;;
    quota) limit_group cpu && echo "20000 100000" >$control/lab/cpu.max ;;
    sectors) echo 4 >"$queue/max_sectors_kb" ;;
    tags) limit_tags mq_deadline mq-deadline ;;
    kyber-tags) limit_tags kyber_iosched kyber ;;
    bfq-tags) limit_tags bfq bfq ;;
    affinity) echo 2 >"$queue/rq_affinity" ;;
    *) return 1 ;;
    esac
}

# limit_tags MODULE SCHEDULER
limit_tags() {
    need_modules "$1" && echo "$2" >"$queue/scheduler" && echo 4 >"$queue/nr_requests"
}

# limit_group CONTROLLER
limit_group() {
    grep -q " $control " /proc/mounts || mount -t cgroup2 none $control || return 1
    echo "+$1" >$control/cgroup.subtree_control && mkdir -p $control/lab && limited=$control/lab
}

limit_unset() {
    case $1 in
    iocost) echo "$number enable=0" >$control/io.cost.qos && rmdir $control/lab ;;
    wiops | wiops-below | rbps | quota) rmdir $control/lab ;;
    sectors) cat "$queue/max_hw_sectors_kb" >"$queue/max_sectors_kb" ;;
    tags | *-tags) echo none >"$queue/scheduler" ;;
    affinity) echo 1 >"$queue/rq_affinity" ;;
    esac
}
