# Every way of attaching a program: the events that a test makes are seen, exactly those, and nothing is left.
# modules: sch_ingress cls_bpf
Fathom.Attachments
status=$?
# 1: some failed, and their lines say so.
[ $status -le 1 ]
