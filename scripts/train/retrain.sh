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
"$python" reader_data.py --data "$data" --out "$work/reader" --synthetic 36000 --seed "$seed" $real
"$python" train_reader.py --arrays "$work/reader" --out "$work/reader-1.pt" --steps READER1 --seed "$seed"
"$python" train_reader.py --arrays "$work/reader" --out "$work/reader.pt" --steps READER2 --rate RATE2 --start "$work/reader-1.pt" --seed "$((seed + 1))"
"$python" scenes.py --data "$data" --reader-arrays "$work/reader" --out "$work/detector" --windows 18000 --seed "$((seed + 1))" $real $web
"$python" train_detector.py --arrays "$work/detector" --out "$work/detector.pt" --steps DETECTOR1 --seed "$seed"
"$python" export.py --detector "$work/detector.pt" --reader "$work/reader.pt"
"$python" evaluate.py --data "$data" --arrays "$work/reader"
