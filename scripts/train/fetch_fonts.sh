#!/bin/sh
# Installs the generator's fonts: Debian packages and npm @fontsource packages (below $PLATE_FONTS, default /tmp/plate-fonts).
set -eu
apt-get install -y fonts-dejavu fonts-liberation fonts-freefont-ttf fonts-roboto-unhinted fonts-ocr-b fonts-opendin fonts-bebas-neue
target="${PLATE_FONTS:-/tmp/plate-fonts}"
mkdir -p "$target"
cd "$target"
[ -f package.json ] || npm init -y >/dev/null
npm install --no-audit --no-fund \
    @fontsource/barlow-condensed@5 @fontsource/barlow-semi-condensed@5 @fontsource/saira-condensed@5 @fontsource/overpass@5 \
    @fontsource/oswald@5 @fontsource/archivo-narrow@5 @fontsource/share-tech-mono@5 @fontsource/rajdhani@5 @fontsource/antonio@5 \
    @fontsource/pathway-gothic-one@5 @fontsource/b612-mono@5 @fontsource/quantico@5 @fontsource/big-shoulders-display@5 \
    @fontsource/ubuntu-mono@5
