using System.Text.Json;
using ServeSim.Reporting.Metrics;
using ServeSim.Reporting.Tenants;

namespace ServeSim.Reporting.Writers;

/// <summary>What tenants got and how evenly, as summary.json has it.</summary>
internal static class FairnessJson
{
    public static void Write(Utf8JsonWriter json, FairnessSummary fairness, Action<Utf8JsonWriter, string, LatencySummary> writeLatency)
    {
        json.WriteNumber("input_price", fairness.InputPrice);
        json.WriteNumber("output_price", fairness.OutputPrice);
        json.WriteNumber("resolution_s", fairness.ResolutionSeconds);
        json.WriteNumber("jain_index", fairness.JainIndex);
        json.WriteNumber("max_service_difference", fairness.MaxServiceDifference);
        json.WriteNumber("max_service_difference_during_arrivals", fairness.MaxServiceDifferenceDuringArrivals);
        json.WriteNumber("max_service_difference_at_s", fairness.MaxServiceDifferenceAtSeconds);
        json.WriteObject("windowed_difference_per_s", () =>
        {
            json.WriteNumber("window_s", WindowedDifference.WindowSeconds);
            json.WriteNumber("points", WindowedDifference.Parts - 1);
            json.WriteOptional("max", fairness.Windowed?.Max);
            json.WriteOptional("mean", fairness.Windowed?.Mean);
            json.WriteOptional("variance", fairness.Windowed?.Variance);
        });
        json.WriteStartArray("tenants");
        foreach (var tenant in fairness.Tenants)
        {
            json.WriteStartObject();
            WriteTenant(json, tenant, writeLatency);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTenant(Utf8JsonWriter json, TenantSummary tenant, Action<Utf8JsonWriter, string, LatencySummary> writeLatency)
    {
        json.WriteString("name", tenant.Name);
        json.WriteNumber("weight", tenant.Weight);
        json.WriteNumber("finished", tenant.Finished);
        json.WriteNumber("rejected", tenant.Rejected);
        json.WriteNumber("aborted", tenant.Aborted);
        json.WriteNumber("unfinished", tenant.Unfinished);
        json.WriteNumber("input_tokens", tenant.InputTokens);
        json.WriteNumber("output_tokens", tenant.OutputTokens);
        json.WriteOptional("output_throughput", tenant.OutputTokensPerSecond);
        json.WriteNumber("service", tenant.Service);
        json.WriteOptional("attainment", tenant.Slo?.Attainment);
        json.WriteOptional("request_goodput_per_s", tenant.Slo?.RequestGoodput);
        json.WriteOptional("token_goodput_per_s", tenant.Slo?.TokenGoodput);
        json.WriteObject("latency_ms", () =>
        {
            writeLatency(json, "ttft", tenant.Ttft);
            writeLatency(json, "e2e", tenant.E2e);
        });
    }
}
