# The addon and one static library of kernels per ISA. What is compiled, and how: tools/sources.mjs.
{
  'targets': [
    {
      'target_name': 'flambeau',
      'sources': ['<!@(node tools/sources.mjs core)', '<!@(node tools/sources.mjs binding)'],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'dependencies': ['<!@(node tools/sources.mjs isas <(target_arch))'],
      'defines': ['NAPI_VERSION=9'],
      'cflags!': ['-fno-exceptions'],
      'cflags_cc!': ['-fno-exceptions'],
      'cflags_cc': ['<!@(node tools/sources.mjs coreFlags)'],
      'xcode_settings': {
        'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
        'OTHER_CPLUSPLUSFLAGS': ['<!@(node tools/sources.mjs coreFlags)'],
        'MACOSX_DEPLOYMENT_TARGET': '11.0',
      },
      'msvs_settings': {
        'VCCLCompilerTool': {'ExceptionHandling': 1, 'AdditionalOptions': ['/std:c++17']},
      },
      'conditions': [
        ['OS=="linux"', {
          'ldflags': ['-Wl,--version-script=<(module_root_dir)/tools/exports.map'],
        }],
      ],
    },
  ],
  'conditions': [
    ['target_arch=="x64"', {
      'targets': [
        {'target_name': 'baseline', 'variables': {'isa': 'baseline'}, 'includes': ['tools/kernels.gypi']},
        {'target_name': 'avx2', 'variables': {'isa': 'avx2'}, 'includes': ['tools/kernels.gypi']},
        {'target_name': 'avx512', 'variables': {'isa': 'avx512'}, 'includes': ['tools/kernels.gypi']},
        {'target_name': 'avx512vnni', 'variables': {'isa': 'avx512vnni'}, 'includes': ['tools/kernels.gypi']},
        {'target_name': 'amx', 'variables': {'isa': 'amx'}, 'includes': ['tools/kernels.gypi']},
      ],
    }],
    ['target_arch=="arm64"', {
      'targets': [
        {'target_name': 'neon', 'variables': {'isa': 'neon'}, 'includes': ['tools/kernels.gypi']},
      ],
    }],
  ],
}
