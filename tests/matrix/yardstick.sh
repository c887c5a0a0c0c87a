# Every program of bench/codesize is accepted, or this kernel lacks what it needs.
Fathom.CodeSize --load
status=$?
# 1: it refuses some, and their lines say so.
[ $status -le 1 ]
