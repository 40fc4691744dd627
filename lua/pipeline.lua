-- HTTP pipelining with wrk: every connection writes a batch of DEPTH requests, reads their responses, and repeats.
--
--   wrk -t1 -c50 -d5s --latency -s lua/pipeline.lua http://127.0.0.1:8080 -- DEPTH [RECORD [BODY [FIELDS]]]
--
-- With RECORD, what was measured is written to that file as JSON, wrk's raw latency array included. What wrk itself
-- prints of latency is not true at DEPTH > 1; docs/methodology.md says why, and how the record is read.
-- With BODY, every response must have status 200, that body, and a Content-Length that fits, if any. Such a load checks;
-- it measures nothing, for the checking costs more than the reading. FIELDS is a file of header fields, one a line, that
-- each request has beside its Host, as lua/browser.txt; an empty RECORD or BODY is none.

local depth, record

local function refuse(message, code)
   io.stdout:flush() -- what wrk has printed stands above, and this line is the last
   io.stderr:write("pipeline.lua: ", message, "\n")
   os.exit(code or 2)
end

-- A request with the header fields of a file before its empty line.
local function with_fields(one, path)
   local file, problem = io.open(path)
   if not file then refuse("cannot read header fields: " .. problem) end
   local lines = {}
   for line in file:lines() do lines[#lines + 1] = line .. "\r\n" end
   file:close()
   return one:sub(1, -3) .. table.concat(lines) .. "\r\n"
end

-- An argument that was given and is not empty.
local function given(argument)
   return argument ~= "" and argument or nil
end

function init(args)
   depth = tonumber(args[1] or "1")
   record = given(args[2])
   if not depth or depth < 1 or depth ~= math.floor(depth) or depth == math.huge then
      refuse("depth is '" .. tostring(args[1]) .. "': expected a whole number of at least 1, after --")
   end
   -- wrk.init() calls wrk.format() once, after this, and keeps what it returns. A script without a request() function
   -- is static to wrk (script.c, script_is_static): the batch is built once and no Lua runs while the load does.
   local one = wrk.format()
   if args[4] then one = with_fields(one, args[4]) end
   wrk.format = function() return string.rep(one, depth) end
   wrk.thread:set("depth", depth)
   wrk.thread:set("record", record)
   if given(args[3]) then verify(args[3]) end
end

-- wrk hands over every response if there is a response() function once init() is done (wrk.c, main).
function verify(expected)
   checked, wrong, first_wrong = 0, 0, ""
   response = function(status, headers, body)
      checked = checked + 1
      local problem
      if status ~= 200 then
         problem = "status " .. status
      elseif body ~= expected then
         problem = "body '" .. body:sub(1, 40) .. "'"
      else
         for name, value in pairs(headers) do
            if name:lower() == "content-length" and tonumber(value) ~= #body then problem = "Content-Length " .. value end
         end
      end
      if problem then
         wrong = wrong + 1
         if wrong == 1 then first_wrong = problem end
      end
   end
end

-- setup() and done() run in a Lua state of their own; what a thread was told is asked of it here.
local threads = {}

function setup(thread)
   threads[#threads + 1] = thread
end

-- What the threads have verified, summed; nil where they were not told to.
local function verified()
   local sum = { checked = 0, wrong = 0, first = nil }
   for _, thread in ipairs(threads) do
      local count = tonumber(thread:get("checked"))
      if not count then return nil end
      sum.checked = sum.checked + count
      sum.wrong = sum.wrong + tonumber(thread:get("wrong"))
      if not sum.first and thread:get("first_wrong") ~= "" then sum.first = thread:get("first_wrong") end
   end
   return sum
end

local has_ffi, ffi = pcall(require, "ffi")
if has_ffi then
   ffi.cdef [[
      struct pb_timespec { long seconds; long nanoseconds; };
      int clock_gettime(int clock, struct pb_timespec *time);
      struct pb_stats { uint64_t count, limit, min, max; uint64_t data[]; };
   ]]
end

-- CPU time of the load threads: the process's less the main thread's, which only sleeps and then computes statistics.
local function load_cpu_ns()
   local CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID = 2, 3
   local function read(clock)
      local time = ffi.new("struct pb_timespec[1]")
      assert(ffi.C.clock_gettime(clock, time) == 0)
      return tonumber(time[0].seconds) * 1e9 + tonumber(time[0].nanoseconds)
   end
   return read(CLOCK_PROCESS_CPUTIME_ID) - read(CLOCK_THREAD_CPUTIME_ID)
end

-- A wrk.stats userdata holds a pointer to the struct of wrk's stats.h.
local function raw_stats(stats)
   return ffi.cast("struct pb_stats **", stats)[0]
end

-- wrk's latency array in one pass through LuaJIT's ffi: "[value,count]" of every index that is not zero.
-- What is read must agree with what the script API says, or it is not used.
local function read_array(stats)
   local raw = raw_stats(stats)
   local min, max = tonumber(raw.min), tonumber(raw.max)
   assert(min == stats.min and max == stats.max, "min or max differ")
   assert(max < tonumber(raw.limit), "max is beyond the array")
   local entries, total, visible, sum = {}, 0, 0, 0
   for value = 0, max do
      local count = tonumber(raw.data[value])
      if count > 0 then
         entries[#entries + 1] = "[" .. value .. "," .. string.format("%.0f", count) .. "]"
         total = total + count
         if value >= min then
            visible = visible + count
            sum = sum + count * value
         end
      end
   end
   assert(total == tonumber(raw.count), "counts do not add up")
   assert(visible == 0 or math.abs(sum / total - stats.mean) <= 1e-6 * (1 + stats.mean), "means differ")
   return entries, total
end

-- The same through the script API, where ffi is absent or the struct is another: slow, and blind below min.
local function read_api(stats)
   local entries = {}
   for index = 1, #stats do
      local value, count = stats(index)
      entries[index] = string.format("[%.0f,%.0f]", value, count)
   end
   return entries, nil
end

local function number(value)
   if value == nil or value ~= value or value == math.huge then return "null" end
   return string.format("%.17g", value)
end

-- A JSON string; whatever JSON or a terminal might stumble over becomes a question mark.
local function text(value)
   return '"' .. value:gsub('[%c"\\\128-\255]', "?") .. '"'
end

function done(summary, latency, requests)
   depth = tonumber(threads[1]:get("depth"))
   record = threads[1]:get("record")
   if not record then
      if depth > 1 then
         io.stderr:write("pipeline.lua: at depth ", depth, " wrk's latency above is not true, see docs/methodology.md\n")
      end
      return
   end
   local cpu_ns = has_ffi and load_cpu_ns() or nil
   local active_intervals = has_ffi and tonumber(raw_stats(requests).count) or nil

   local source, why = "ffi", "no LuaJIT ffi"
   local empty = latency.max == 0
   local ok, entries, total = has_ffi, {}, 0
   if not empty then
      if has_ffi then ok, entries, total = pcall(read_array, latency) end
      if not ok then
         if has_ffi then why = tostring(entries) end
         source, entries, total = "api", read_api(latency)
      end
   end
   local errors, seen = summary.errors, verified()
   local fields = {
      '"version":1',
      '"depth":' .. number(depth),
      '"duration_us":' .. number(summary.duration),
      '"requests":' .. number(summary.requests),
      '"bytes":' .. number(summary.bytes),
      string.format('"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}',
         errors.connect, errors.read, errors.write, errors.timeout, errors.status),
      '"cpu_ns":' .. number(cpu_ns),
      '"verified":' .. (seen and string.format('{"responses":%d,"wrong":%d,"first":%s}', seen.checked, seen.wrong,
         seen.first and text(seen.first) or "null") or "null"),
      -- wrk samples each thread's rate every 100 ms in which a response came (wrk.c, record_rate)
      '"active_intervals":' .. number(active_intervals),
      '"wrk":{' .. table.concat({
         '"min":' .. number(empty and 0 or latency.min), '"max":' .. number(latency.max),
         '"mean":' .. number(latency.mean), '"stdev":' .. number(latency.stdev),
         '"p50":' .. number(latency:percentile(50)), '"p75":' .. number(latency:percentile(75)),
         '"p90":' .. number(latency:percentile(90)), '"p99":' .. number(latency:percentile(99)),
      }, ",") .. "}",
      '"source":"' .. source .. '"',
      '"fallback_reason":' .. (source == "api" and text(why) or "null"),
      '"count":' .. number(total),
      '"array":[' .. table.concat(entries, ",") .. "]",
   }
   local file, problem = io.open(record, "w")
   if not file then refuse("cannot write the record: " .. problem, 3) end
   local written = file:write("{", table.concat(fields, ",\n"), "}\n")
   if not (file:close() and written) then refuse("cannot write the record " .. record, 3) end
end
