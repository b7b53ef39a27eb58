#!/bin/sh
# Retrains both networks from nothing and exports them: retrain.sh [--seed N] [--data DIR] [--work DIR] [--no-real] [--no-web]
# --no-real leaves out the openalpr sets (AGPL-3.0), --no-web the web photographs without a stated licence.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
seed=1
data="$here/../../../shared/data"
work=/tmp/plate-training
real=""
web=""
while [ $# -gt 0 ]; do
    case "$1" in
        --seed) seed="$2"; shift 2 ;;
        --data) data="$2"; shift 2 ;;
        --work) work="$2"; shift 2 ;;
        --no-real) real="--no-real"; shift ;;
        --no-web) web="--no-web"; shift ;;
        *) echo "retrain.sh: unknown option $1 (allowed: --seed --data --work --no-real --no-web)" >&2; exit 2 ;;
    esac
done
python="${PYTHON:-python3}"
cd "$here"
"$python" drive.py
"$python" reader_data.py --data "$data" --out "$work/reader" --synthetic 24000 --square 6000 --seed "$seed" $real $web
"$python" train_reader.py --arrays "$work/reader" --out "$work/reader-1.pt" --steps 3600 --seed "$seed"
"$python" train_reader.py --arrays "$work/reader" --out "$work/reader.pt" --steps 2000 --rate 8e-4 --start "$work/reader-1.pt" --seed "$((seed + 1))"
"$python" calibrate.py --arrays "$work/reader" --checkpoint "$work/reader.pt"
"$python" scenes.py --data "$data" --out "$work/windows-1" --windows 12000 --seed "$((seed + 1))" $real $web
"$python" train_detector.py --arrays "$work/windows-1" --out "$work/detector-1.pt" --steps 4000 --seed "$seed"
if [ -z "$web" ]; then
    "$python" web_corners.py --data "$data" --detector "$work/detector-1.pt" --out "$work/web-corners.json"
fi
"$python" scenes.py --data "$data" --corners "$work/web-corners.json" --out "$work/windows-2" --windows 20000 --rendered 1500 --seed "$((seed + 2))" $real $web
"$python" train_detector.py --arrays "$work/windows-2" "$work/windows-1" --out "$work/detector.pt" --start "$work/detector-1.pt" --steps 16000 --rate 1.3e-3 --seed "$((seed + 1))"
"$python" export.py --detector "$work/detector.pt" --reader "$work/reader.pt"
if [ -n "$real$web" ]; then
    "$python" evaluate.py --data "$data" --arrays "$work/reader" --only reader,samples
else
    "$python" evaluate.py --data "$data" --arrays "$work/reader"
    "$python" evaluate_detector.py --data "$data"
fi
