# long. ghostscript: renders pages of text, curves and shadings, makes a PDF and reads it back; bitmaps as on plain libc.
. "$(dirname "$0")/stage.bash"
need gs
cat >"$work/pages.ps" <<'PS'
%!PS
/page { /n exch def
  /Times-Roman findfont 11 scalefont setfont
  0 1 60 { /l exch def 50 780 l 12 mul sub moveto (page ) show n 10 string cvs show ( line ) show l 10 string cvs show
    l n mul 997 mod 20 string cvs show } for
  0 1 200 { /k exch def k n mul 17 mod 17 div 1 k 200 div sub 0.5 setrgbcolor newpath 300 400 moveto
    k 7 mul 500 mod k 11 mul 700 mod k n mul 500 mod 100 k 3 mul 600 mod 800 k sub curveto stroke } for
  << /ShadingType 3 /ColorSpace /DeviceRGB /Coords [300 300 0 300 300 200] /Domain [0 1]
     /Function << /FunctionType 2 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1] /N n 3 mod 1 add >> >> shfill
  /save1 save def 0 1 500 { dup string exch 20 string cvs cvn exch def } for save1 restore
  showpage } def
1 1 PAGES { page } for
PS
render() {  # render OUTPUT INPUT
  gs -q -dBATCH -dNOPAUSE -dSAFER -sDEVICE=png16m -r100 -dTextAlphaBits=4 -sOutputFile="$1-%03d.png" "$2" || return 1
  cat "$1"-*.png | sha256sum; rm "$1"-*.png
}
sed -i "s/PAGES/$(amount 10 80)/" "$work/pages.ps"
export -f render; export work
same render bash -c 'render "$work/page" "$work/pages.ps"'
proves gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -sOutputFile="$work/under.pdf" "$work/pages.ps" || fail "pdfwrite"
same reread bash -c 'render "$work/again" "$work/under.pdf"'
remark "$(amount 10 80) pages, bit for bit"
