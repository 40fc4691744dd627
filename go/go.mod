module async-pipeline-bench

go 1.26.0

require (
	github.com/valyala/fasthttp v1.77.0
	golang.org/x/sys v0.50.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/molecule-man/go-brrr v1.3.0 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
)

// fasthttp asks for v1.3.0, of which module proxies serve the go.mod but not the source. It is fasthttp's brotli,
// which none of our routes uses. To be dropped as soon as the source is there.
replace github.com/molecule-man/go-brrr => github.com/molecule-man/go-brrr v1.0.1
